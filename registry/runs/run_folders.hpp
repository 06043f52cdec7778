// Folders of runs: where they are, and copies of them that are whole or not there.
#pragma once

#include "runs/store.hpp"

#include <functional>

namespace vaso::runs {

// Below the home: folders of runs that came from elsewhere.
inline constexpr const char* merged_folder = "merged";

// A copy on its way ends with this.
inline constexpr const char* partial_suffix = ".partial";

// Whether every artefact is in `folder` with its recorded size, and with its digest where `deep`. The name of the first
// that is not; "" = all are.
std::string first_wrong_artefact(const std::filesystem::path& folder, const std::vector<Artefact>& artefacts,
                                 bool deep);

// Copies everything in `source` to `target`, by way of a partial name, and compares the artefacts with their digests.
// A target that is whole already stays. Returns the bytes copied; `progress` hears them too. Throws StoreError.
std::int64_t copy_run_folder(const std::filesystem::path& source, const std::filesystem::path& target,
                             const std::vector<Artefact>& artefacts,
                             const std::function<void(std::int64_t bytes)>& progress);

// Bytes of all files in a folder; 0 where there is none.
std::int64_t folder_bytes(const std::filesystem::path& folder);

// Held while folders are copied into HOME/merged, which no row names yet: `vaso db gc` must not take them for orphans.
class MergeLock {
 public:
  // Waits for no one. held() false: another program has it.
  explicit MergeLock(const std::filesystem::path& home);
  ~MergeLock();
  MergeLock(const MergeLock&) = delete;
  bool held() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

}  // namespace vaso::runs

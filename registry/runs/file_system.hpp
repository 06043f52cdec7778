// Which file systems give SQLite the shared memory and the locks that its write-ahead log needs.
#pragma once

#include <cstdint>
#include <filesystem>

namespace vaso::runs {

// `type` is statfs(2)'s f_type. True for file systems of this machine alone. Unknown ones count as remote: the rollback
// journal is slower there, but right everywhere.
bool is_local(std::uint32_t type);

// The file system that holds `folder`, which exists. False where it cannot be asked.
bool on_local_disk(const std::filesystem::path& folder);

}  // namespace vaso::runs

#include "runs/leftovers.hpp"

#include "runs/run_folders.hpp"
#include "runs/store_impl.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

namespace vaso::runs {
namespace {

namespace fs = std::filesystem;

constexpr const char* checkpoint_name = "checkpoint.safetensors";

fs::path home_of(const Store& store) { return fs::absolute(store.file()).parent_path().lexically_normal(); }

// "0012-pretrain-seed-3": the number, or 0 where the name is not one that a run's folder has.
std::int64_t number_in(const std::string& name) {
  std::int64_t number = 0;
  const char* const end = name.data() + name.size();
  const char* const stop = std::from_chars(name.data(), end, number).ptr;
  const std::string_view rest(stop, static_cast<std::size_t>(end - stop));
  const bool a_phase = rest.starts_with("-segmentor") || rest.starts_with("-pretrain") || rest.starts_with("-finetune");
  return a_phase ? number : 0;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  std::error_code absent;
  for (fs::directory_iterator entry(folder, absent), end; !absent && entry != end; entry.increment(absent)) {
    if (entry->is_directory(absent) && !entry->is_symlink(absent)) folders.push_back(entry->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

bool lies_in(const fs::path& folder, const fs::path& home) {
  return !folder.empty() && std::mismatch(home.begin(), home.end(), folder.begin(), folder.end()).first == home.end() &&
         folder != home;
}

std::set<std::int64_t> shown_by_studies(const Store& store) {
  const auto standing = store.standing_for_identity();
  std::set<std::int64_t> runs;
  for (const std::string& name : store.studies()) {
    const StudyRecord study = store.study(name).value();
    for (const StudyRun& run : study.runs) {
      if (const auto found = standing.find(run.identity); found != standing.end()) runs.insert(found->second);
    }
  }
  return runs;
}

void find_checkpoints(const std::vector<Run>& runs, const fs::path& home, const std::set<std::int64_t>& spared,
                      Leftovers& leftovers) {
  for (const Run& run : runs) {
    const fs::path file = fs::path(run.folder) / checkpoint_name;
    std::error_code absent;
    if (run.status != Status::finished || !lies_in(run.folder, home) || !fs::is_regular_file(file, absent)) continue;
    if (spared.contains(run.id)) {
      ++leftovers.kept_for_studies;
      continue;
    }
    leftovers.found.push_back({Leftover::Kind::checkpoint, run.id, file,
                               static_cast<std::int64_t>(fs::file_size(file, absent)),
                               fmt::format("run {} has finished", run.id)});
  }
}

void find_superseded(const std::vector<Run>& runs, const Store& store, const fs::path& home, Leftovers& leftovers) {
  const auto standing = store.standing_for_identity();
  std::set<std::int64_t> parents, finished;
  for (const Run& run : runs) {
    parents.insert(run.parent);
    if (run.status == Status::finished) finished.insert(run.id);
  }
  for (const Run& run : runs) {
    const bool ended_badly = run.status == Status::failed || run.status == Status::interrupted;
    const auto other = standing.find(run.identity);
    if (!ended_badly || parents.contains(run.id) || other == standing.end() || !finished.contains(other->second)) {
      continue;
    }
    const bool here = lies_in(run.folder, home);
    leftovers.found.push_back({Leftover::Kind::superseded_run, run.id, here ? fs::path(run.folder) : fs::path(),
                               here ? folder_bytes(run.folder) : 0,
                               fmt::format("run {} finished with the same settings", other->second)});
  }
}

}  // namespace

std::vector<fs::path> orphan_folders(const fs::path& home, const Store& store) {
  std::vector<fs::path> own;
  for (const fs::path& folder : folders_in(home)) {
    if (number_in(folder.filename()) > 0) own.push_back(folder);
  }
  const std::vector<fs::path> merged = folders_in(home / merged_folder);
  // By their last part alone: in a home that was moved, the rows still name the old place.
  std::set<fs::path> named;
  std::set<std::int64_t> beginning;  // their rows do not name a folder yet
  for (const Run& run : store.all()) {
    named.insert(fs::path(run.folder).filename());
    if (run.folder.empty()) beginning.insert(run.id);
  }
  std::vector<fs::path> orphans;
  for (const fs::path& folder : own) {
    if (!named.contains(folder.filename()) && !beginning.contains(number_in(folder.filename())))
      orphans.push_back(folder);
  }
  for (const fs::path& folder : merged) {
    if (!named.contains(folder.filename())) orphans.push_back(folder);
  }
  return orphans;
}

Leftovers find_leftovers(const Store& store, bool of_studies) {
  Leftovers leftovers;
  const fs::path home = home_of(store);
  // While a merge copies, folders of no row are those of rows to come.
  if (fs::exists(home / merged_folder)) leftovers.merge_in_progress = !MergeLock(home).held();
  for (const fs::path& folder : orphan_folders(home, store)) {
    const bool merged = folder.parent_path().filename() == merged_folder;
    if (merged && leftovers.merge_in_progress) continue;
    const bool partial = folder.string().ends_with(partial_suffix);
    leftovers.found.push_back({partial ? Leftover::Kind::partial_copy : Leftover::Kind::orphan_folder,
                               merged ? 0 : number_in(folder.filename()), folder, folder_bytes(folder),
                               partial ? "a merge was interrupted" : "no run names this folder"});
  }
  const std::vector<Run> runs = store.all();
  find_superseded(runs, store, home, leftovers);
  find_checkpoints(runs, home, of_studies ? std::set<std::int64_t>() : shown_by_studies(store), leftovers);
  return leftovers;
}

void Store::remove(std::int64_t run) {
  impl_->write_for(run, [&](Connection& db) {
    db.prepare("DELETE FROM runs WHERE id = :run").bind(":run", run).run();  // and all that it owns: CASCADE
  });
}

void remove_leftovers(Store& store, const std::vector<Leftover>& leftovers) {
  for (const Leftover& leftover : leftovers) {
    if (leftover.kind == Leftover::Kind::superseded_run) store.remove(leftover.run);
    std::error_code error;
    if (!leftover.path.empty()) fs::remove_all(leftover.path, error);
    if (error) {
      throw StoreError(fmt::format("cannot delete {}: {}. Ask its owner, or delete it by hand.", leftover.path.string(),
                                   error.message()));
    }
  }
}

}  // namespace vaso::runs

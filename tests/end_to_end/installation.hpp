// VasoLab as a user has it: installed, then moved to another folder; and a shell in which it is found.
#pragma once

#include "laboratory.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::tests {

class Installation {
 public:
  // `cmake --install` of the build tree into one folder, which is then renamed.
  Installation();

  std::filesystem::path prefix() const { return folder_.path() / "moved" / "vasolab"; }
  // Where it was installed first; nothing is there any more.
  std::filesystem::path installed_at() const { return folder_.path() / "first"; }
  // The working folder of the shell.
  std::filesystem::path path(const std::string& name) const { return folder_.path() / "work" / name; }
  void write(const std::string& name, const std::string& text) const;

  // Runs lines of bash in the working folder, ending at the first that fails. `vaso` is the installed one; HOME is a
  // folder that holds the installation as "vasolab", and the working folder has a link "build" to the build tree.
  Ended shell(const std::string& lines) const;

 private:
  TemporaryFolder folder_;
};

// What a page tells its reader to do, in order: files to write and commands to run.
struct GuideStep {
  std::string file;  // "" = commands
  std::string text;
};

// The code blocks below the heading: commands are those marked sh; any other is a file where the sentence before it
// ends with its name in backquotes and a colon.
std::vector<GuideStep> guide_steps(const std::filesystem::path& page, const std::string& heading);

}  // namespace vaso::tests

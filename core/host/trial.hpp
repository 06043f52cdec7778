// Loads a plugin in a child process first, where it can do no harm.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace vaso {

// Forks; the child loads the library, calls its entry and leaves. Returns "" where the child got through, or where the
// dynamic linker refused the library (a second attempt in this process is refused with the same words, and safely).
// Otherwise what happened: "its static initialiser threw: …", "crashed with signal 11 (Segmentation fault) while being
// loaded", "ended the process with exit code 3 in its entry", "did not come back within 20 s while being loaded".
//
// The reason: an exception that leaves a static initialiser cannot be caught around dlopen. It ends in std::terminate,
// because the dynamic linker's C frames stand between the two.
//
// A verdict is not remembered between processes: what a static initialiser does may depend on more than its file (the
// environment, a device, other libraries), and a trial costs 15 ms (measured with LibTorch loaded, whose own start
// takes 400). Call it before threads are started: only the calling thread lives on in the child.
std::string try_in_child(const std::filesystem::path& library,
                         std::chrono::milliseconds patience = std::chrono::seconds(20));

}  // namespace vaso

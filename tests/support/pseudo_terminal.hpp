// A terminal of so many columns, as a program sees it.
#pragma once

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace vaso::tests {

class PseudoTerminal {
 public:
  explicit PseudoTerminal(unsigned short columns) : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master_);
    unlockpt(master_);
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    const winsize size{24, columns, 0, 0};
    ioctl(slave_, TIOCSWINSZ, &size);
  }
  ~PseudoTerminal() {
    close(slave_);
    close(master_);
  }
  PseudoTerminal(const PseudoTerminal&) = delete;

  int descriptor() const { return slave_; }

  // All that was written since. The kernel hands it over bit by bit: a mark behind it tells that nothing is missing.
  std::string take() {
    constexpr char mark = '\x1e';
    if (write(slave_, &mark, 1) != 1) throw std::runtime_error("no pseudo-terminal");
    std::string text;
    for (char character = 0; read(master_, &character, 1) == 1 && character != mark;) text += character;
    return text;
  }

 private:
  int master_, slave_;
};

}  // namespace vaso::tests

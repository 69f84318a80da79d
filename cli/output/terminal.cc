#include "cli/output/terminal.h"

#include "cli/client/interrupt.h"
#include "kube/text.h"

#include <array>
#include <cerrno>
#include <iostream>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace postern::cli {
namespace {

/// Turns the terminal's echo off as long as it lives.
class Silence {
 public:
  Silence() : active_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!active_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool active_;
};

/// Waits until something is typed; false when a signal came first, also just before the wait.
bool wait_for_input(std::istream& in) {
  if (&in != &std::cin || in.rdbuf()->in_avail() > 0) return true;
  std::array<pollfd, 2> wanted = {
      {{STDIN_FILENO, POLLIN, 0}, {Interrupt::descriptor(), POLLIN, 0}}};
  while (Interrupt::signal() == 0) {
    const int ready = ::poll(wanted.data(), wanted.size(), -1);
    if (ready < 0 && errno != EINTR) return true;
    if (ready > 0 && wanted[0].revents != 0) return true;
  }
  return false;
}

}  // namespace

bool wants_colors(ColorMode mode, const Surroundings& surroundings) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  if (!surroundings.variable("NO_COLOR").empty()) return false;
  const std::string forced = surroundings.variable("CLICOLOR_FORCE");
  if (!forced.empty() && forced != "0") return true;
  return surroundings.terminals.out && surroundings.variable("TERM") != "dumb";
}

std::string colored_state(const std::string& state, bool colors) {
  const std::string text = kube::printable(state);
  if (!colors) return text;
  const char* code = "";
  if (state == "APPROVED") code = "\x1b[32m";
  if (state == "PENDING") code = "\x1b[33m";
  if (state == "DENIED" || state == "REVOKED") code = "\x1b[31m";
  if (state == "EXPIRED") code = "\x1b[2m";
  return *code == '\0' ? text : code + text + "\x1b[0m";
}

std::optional<std::string> ask(const Surroundings& surroundings, std::string_view question,
                               bool secret) {
  if (!surroundings.interactive() || surroundings.in == nullptr) return std::nullopt;
  // Ctrl-C must give the echo back and be told; reading ends with it.
  const Interrupt interrupt;
  std::string line;
  bool read = false;
  if (secret) {
    const Silence silence;  // first: what is typed at once is not shown, and not lost
    surroundings.err << question << std::flush;
    read = wait_for_input(*surroundings.in) && std::getline(*surroundings.in, line);
    surroundings.err << "\n";
  } else {
    surroundings.err << question << std::flush;
    read = wait_for_input(*surroundings.in) && std::getline(*surroundings.in, line);
  }
  if (!read || Interrupt::signal() != 0) return std::nullopt;
  return line;
}

}  // namespace postern::cli

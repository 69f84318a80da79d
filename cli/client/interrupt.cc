#include "cli/client/interrupt.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace postern::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

// A signal handler can reach globals alone.
volatile std::sig_atomic_t noted = 0;
int depth = 0;
std::array<int, 2> wake = {-1, -1};
std::array<struct sigaction, kSignals.size()> former;

void note(int signal) {
  const int before = errno;
  noted = signal;
  [[maybe_unused]] const auto written = ::write(wake[1], "!", 1);
  errno = before;
}

}  // namespace

Interrupt::Interrupt() {
  if (depth++ > 0) return;
  noted = 0;
  if (::pipe2(wake.data(), O_CLOEXEC | O_NONBLOCK) != 0) wake = {-1, -1};
  struct sigaction action {};
  action.sa_handler = note;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &action, &former[i]);
  }
}

Interrupt::~Interrupt() {
  if (--depth > 0) return;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &former[i], nullptr);
  }
  for (int& descriptor : wake) {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
  }
}

int Interrupt::signal() {
  return noted;
}

void Interrupt::forget() {
  noted = 0;
  char byte = 0;
  while (wake[0] >= 0 && ::read(wake[0], &byte, 1) == 1) {
  }
}

int Interrupt::descriptor() {
  return wake[0];
}

int Interrupt::exit_code() {
  return 128 + (noted == 0 ? SIGINT : static_cast<int>(noted));
}

}  // namespace postern::cli

#pragma once

namespace postern::cli {

/// While one lives, SIGINT, SIGTERM and SIGHUP do not end the program: they are noted, and wake up
/// whoever polls descriptor(). One within another changes nothing. For the main thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// The signal that came, 0: none. Also when no Interrupt lives any more.
  static int signal();
  /// As if none had come, for what must be tidied up over the network.
  static void forget();
  /// Readable as soon as a signal has come; -1 when no Interrupt lives.
  static int descriptor();
  /// The exit code for it: 128 + the signal.
  static int exit_code();
};

}  // namespace postern::cli

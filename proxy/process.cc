#include "proxy/process.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <sys/resource.h>

namespace postern::proxy {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void ignore_broken_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

void ignore_late_signals() {
  static auto* const context = new boost::asio::io_context();
  static auto* const late = new boost::asio::signal_set(*context, SIGTERM, SIGINT, SIGHUP);
  static_cast<void>(late);
}

}  // namespace postern::proxy

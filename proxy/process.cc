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

std::string descriptor_warning(std::size_t connections) {
  rlimit limit{};
  const rlim_t wanted = 2 * rlim_t{connections} + 256;  // and files, logs, postern's own calls
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return "";
  return "limits.maxConnections " + std::to_string(connections) + " may need " +
         std::to_string(wanted) + " open files, and no more than " +
         std::to_string(limit.rlim_cur) +
         " are allowed (ulimit -n, LimitNOFILE=): connections beyond them will be closed";
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

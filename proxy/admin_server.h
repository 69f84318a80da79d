#pragma once

#include "proxy/observe/health.h"
#include "proxy/observe/log.h"
#include "proxy/observe/metrics.h"

#include <memory>
#include <string>
#include <tl/expected.hpp>

namespace postern::proxy {

/// Serves /metrics, /livez, /readyz and /healthz over plain HTTP, on a listener and a thread of its
/// own: a scrape costs the data path nothing, and health is told while every worker is busy.
///
/// Nobody is asked who they are here, so nothing that it says is secret. GET and HEAD only; at most
/// 256 connections.
class AdminServer {
 public:
  /// The three must outlive the server.
  AdminServer(const Metrics& metrics, const HealthRegistry& health, Log& log);
  /// Stops.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// Binds to `IP:PORT` (port 0: a free one) and serves on a new thread. Gives the address as it
  /// became; the error is a sentence. Once only.
  tl::expected<std::string, std::string> start(const std::string& address);
  /// Ends every connection and the thread. Idempotent; not from the server's own thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postern::proxy

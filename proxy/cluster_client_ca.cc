#include "proxy/cluster_client_ca.h"

#include "proxy/upstream/cluster_ca_reader.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

namespace postern::proxy {

ClusterClientCA::ClusterClientCA(Worker& worker, std::unique_ptr<UpstreamPool> pool_to,
                                 Options options, Log& log)
    : worker_(worker),
      pool_(std::move(pool_to)),
      options_(std::move(options)),
      log_(log),
      pause_(worker.executor()) {}

ClusterClientCA::~ClusterClientCA() = default;

void ClusterClientCA::start() {
  asio::co_spawn(worker_.executor(), read_in_turn(), asio::detached);
}

void ClusterClientCA::stop() {
  stopping_ = true;
  pause_.cancel();
  pool_->close_idle(true);
}

Task<void> ClusterClientCA::read_in_turn() {
  while (!stopping_) {
    const auto pem = co_await read_cluster_client_ca(*pool_);
    if (stopping_) break;
    note(pem);
    pause_.expires_after(known_ ? options_.interval : options_.retry);
    const auto [error] = co_await pause_.async_wait(kAwait);
    static_cast<void>(error);
  }
}

void ClusterClientCA::note(const Result<std::string>& pem) {
  if (!pem) return complain(pem.error().message);
  if (known_ && *pem == pem_) return complaint_.clear();
  std::shared_ptr<const ClientCA> authority;
  if (!pem->empty()) {
    auto parsed = ClientCA::parse("client-ca-file of " + options_.kube_cluster, *pem,
                                  options_.prefix, options_.kube_cluster);
    if (!parsed) return complain(parsed.error().front().to_string());
    authority = std::move(*parsed);
  }
  pem_ = *pem;
  known_ = true;
  complaint_.clear();
  log_.info(authority ? "the cluster's client CA is known" : "the cluster has no client CA",
            {{"cluster", options_.kube_cluster},
             {"certificates", authority ? authority->size() : std::size_t{0}}});
  options_.take(std::move(authority));
}

void ClusterClientCA::complain(const std::string& why) {
  if (why == complaint_) return;
  complaint_ = why;
  log_.warn(known_ ? "the cluster's client CA cannot be read, the one of before stays in force"
                   : "the cluster's client CA cannot be read: nobody is known by its certificates",
            {{"cluster", options_.kube_cluster}, {"why", why}});
}

}  // namespace postern::proxy

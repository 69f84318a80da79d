#pragma once

#include "kube/result.h"
#include "proxy/net/task.h"

#include <cstdint>
#include <string>
#include <vector>

namespace postern::proxy {

class Worker;

/// Every address of a host, in the resolver's order; an address literal is its own answer, without
/// a lookup. 502 when there is none, 504 when `until` comes first: a lookup that hangs in the
/// system's resolver is left behind, it costs its thread and nothing else.
Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(Worker& worker, std::string host,
                                                           std::uint16_t port,
                                                           Clock::time_point until);

}  // namespace postern::proxy

#pragma once

#include "proxy/net/worker.h"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>

namespace postern::proxy {

/// Runs a coroutine to its end on the worker's loop, on this thread.
template <typename T>
T run_to_end(Worker& worker, Task<T> task) {
  std::optional<T> result;
  std::exception_ptr error;
  asio::co_spawn(worker.executor(), std::move(task), [&](std::exception_ptr thrown, T value) {
    error = thrown;
    result.emplace(std::move(value));
    worker.stop();
  });
  worker.run();
  worker.context().restart();
  if (error) std::rethrow_exception(error);
  return std::move(*result);
}

}  // namespace postern::proxy

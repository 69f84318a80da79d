#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

/// The one spelling of Asio's types in postern: a concrete executor (no type erasure on the data
/// path), and completions as values, not exceptions.
namespace postern::proxy {

namespace asio = boost::asio;
using boost::system::error_code;

using Executor = asio::io_context::executor_type;
/// A coroutine on a worker's loop. Rules for writing them: docs/coroutines.md.
template <typename T>
using Task = asio::awaitable<T, Executor>;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
/// `auto [ec, n] = co_await socket.async_read_some(buffer, kAwait);`
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

}  // namespace postern::proxy

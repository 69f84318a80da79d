#include "proxy/net/worker.h"

#include "proxy/net/deadline_wheel.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

namespace postern::proxy {

namespace {

void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

Worker::Worker(std::size_t index) : index_(index), context_(/*concurrency_hint=*/1) {
  deadlines_ = std::make_unique<DeadlineWheel>(context_);
}

Worker::~Worker() {
  deadlines_->shut_down();
}

void Worker::post(std::function<void()> work) {
  asio::post(context_, std::move(work));
}

void Worker::run() {
  block_sigpipe();
  const auto guard = asio::make_work_guard(context_);
  context_.run();
}

void Worker::stop() {
  context_.stop();
}

}  // namespace postern::proxy

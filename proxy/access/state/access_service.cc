#include "proxy/access/state/access_service.h"

#include "proxy/net/waiting_place.h"
#include "proxy/observe/log.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

// Tested by tests/proxy/access/state/access_service_test.cc
namespace postern::proxy::access {
namespace {

/// How often the access thread looks what is due: well below the second in which an end counts.
constexpr std::chrono::milliseconds kTick{200};
/// Logins that may wait for the hashing thread, which does about ten in a second.
constexpr int kMaxHashing = 20;

}  // namespace

AccessService::AccessService(AccessState& state, Log& log)
    : state_(state), log_(log), worker_(0), hashing_(0), timer_(worker_.executor()) {}

AccessService::~AccessService() {
  stop();
}

void AccessService::start() {
  asio::co_spawn(worker_.executor(), keep_time(), asio::detached);
  thread_ = std::thread([this] { worker_.run(); });
  hashing_thread_ = std::thread([this] { hashing_.run(); });
}

void AccessService::stop() {
  if (!thread_.joinable()) {
    return;
  }
  worker_.post([this] { worker_.stop(); });
  thread_.join();
  hashing_.post([this] { hashing_.stop(); });
  hashing_thread_.join();
}

void AccessService::post(std::function<void(AccessState&)> work) {
  worker_.post([this, work = std::move(work)] { run_safely(work); });
}

/// A bug in one piece of work must not take the thread from all others.
void AccessService::run_safely(const std::function<void(AccessState&)>& work) {
  try {
    work(state_);
  } catch (const std::exception& bug) {
    log_.error("a mistake in postern on the access thread", {{"what", bug.what()}});
  }
}

Task<void> AccessService::keep_time() {
  for (;;) {
    for (const auto& task : tasks_) {
      run_safely(task);
    }
    run_safely([](AccessState& state) { state.tick(); });
    timer_.expires_after(kTick);
    const auto [error] = co_await timer_.async_wait(kAwait);
    if (error) {
      co_return;
    }
  }
}

Task<Result<IssuedSession>> AccessService::login(Worker& caller, LoginDocument document) {
  const WaitingPlace place(hashing_now_, kMaxHashing);
  if (!place.got()) {
    co_return fail(kube::Status::too_many_requests("too many people log in at the moment", 1));
  }
  const auto login = std::make_shared<const LoginDocument>(std::move(document));
  auto check = co_await ask<Result<LoginFlow::Check>>(
      caller, [login](AccessState& state) -> Result<LoginFlow::Check> {
        if (auto fine = LoginFlow::check(state, *login); !fine) {
          return fail(std::move(fine.error()));
        }
        return LoginFlow::begin(state, *login);
      });
  if (!check) {
    co_return fail(std::move(check.error()));
  }
  auto proof = co_await run_on<Result<LoginFlow::Proof>>(
      hashing_, caller,
      [login, check = std::move(*check)] { return LoginFlow::prove(*login, check); });
  co_return co_await ask<Result<IssuedSession>>(
      caller, [login, proof = std::move(proof)](AccessState& state) {
        return LoginFlow::finish(state, *login, proof);
      });
}

}  // namespace postern::proxy::access

#include "proxy/access/state/access_service.h"

#include "world.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>
#include <stdexcept>
#include <thread>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// An exception is freed by whichever thread lets go of it last; libstdc++ counts that in code of
// its own, which TSan does not see.
extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:std::logic_error::~logic_error\n";
}
#endif
#endif

namespace postern::proxy::access::test {
namespace {

/// A worker that runs coroutines, with the access thread beside it.
struct ServiceWorld : StoryWorld {
  AccessService service{*state, log};
  Worker worker{1};

  ServiceWorld() { service.start(); }
  ~ServiceWorld() { service.stop(); }
  void run(Task<void> task) {
    asio::co_spawn(worker.executor(), std::move(task), [this](std::exception_ptr bug) {
      worker.stop();
      if (bug) std::rethrow_exception(bug);
    });
    worker.run();
  }
};

Task<void> ask_for_roles(ServiceWorld& world, std::thread::id& asked_on, std::thread::id& back_on,
                         std::size_t& roles) {
  roles = co_await world.service.ask<std::size_t>(world.worker, [&asked_on](AccessState& state) {
    asked_on = std::this_thread::get_id();
    return state.roles().size();
  });
  back_on = std::this_thread::get_id();
}

TEST_CASE_FIXTURE(ServiceWorld, "a question is answered on the access thread, for the asking one") {
  std::thread::id asked_on;
  std::thread::id back_on;
  std::size_t roles = 0;
  run(ask_for_roles(*this, asked_on, back_on, roles));
  CHECK(roles == 8);
  CHECK(back_on == std::this_thread::get_id());
  CHECK(asked_on != back_on);
}

Task<void> ask_wrongly(ServiceWorld& world, std::string& what) {
  try {
    const int answer = co_await world.service.ask<int>(
        world.worker, [](AccessState&) -> int { throw std::logic_error("a bug"); });
    static_cast<void>(answer);
  } catch (const std::logic_error& bug) {
    what = bug.what();
  }
}

TEST_CASE_FIXTURE(ServiceWorld, "a bug in a question comes back, and costs nobody else anything") {
  std::string what;
  run(ask_wrongly(*this, what));
  CHECK(what == "a bug");
  service.post([](AccessState&) { throw std::logic_error("another"); });
  worker.context().restart();
  std::thread::id asked_on;
  std::thread::id back_on;
  std::size_t roles = 0;
  run(ask_for_roles(*this, asked_on, back_on, roles));
  CHECK(roles == 8);
}

Task<void> log_in(ServiceWorld& world, LoginDocument login, std::string& outcome) {
  const auto session = co_await world.service.login(world.worker, std::move(login));
  outcome = said(session);
}

TEST_CASE_FIXTURE(ServiceWorld, "a login goes over three threads and comes back") {
  const auto invite = state->invite(as("carol"), "alice");
  REQUIRE(invite);
  LoginDocument login;
  login.user = "alice";
  login.invite = invite->token;
  login.new_password = "correct horse";
  std::string outcome;
  run(log_in(*this, login, outcome));
  CHECK(outcome == "ok");
  login = {};
  login.user = "alice";
  login.password = "wrong";
  worker.context().restart();
  run(log_in(*this, login, outcome));
  CHECK(outcome.starts_with("401"));
}

}  // namespace
}  // namespace postern::proxy::access::test

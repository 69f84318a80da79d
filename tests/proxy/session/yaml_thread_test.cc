#include "proxy/session/yaml_thread.h"

#include "tests/proxy/session/run.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

std::shared_ptr<const std::string> pod(std::size_t padding) {
  return std::make_shared<const std::string>(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  a: \"" + std::string(padding, 'x') +
      "\"\n");
}

Task<bool> others_have_their_turn(YamlThread& thread, Worker& worker, bool& turn) {
  const auto facts = co_await thread.read(worker, pod(200 * 1024));
  co_return facts && facts->name == "a" && turn;
}

TEST_CASE("a large body is read while the worker serves others") {
  YamlThread thread;
  thread.start();
  Worker worker(1);
  bool turn = false;
  worker.post([&] { worker.post([&turn] { turn = true; }); });
  CHECK(run_to_end(worker, others_have_their_turn(thread, worker, turn)));
  const auto broken = run_to_end(
      worker, thread.read(worker, std::make_shared<const std::string>("kind: Pod\nkind: Pod\n")));
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == 400);
}

Task<std::string> read_too_many(YamlThread& thread, Worker& worker, std::vector<int>& codes) {
  const auto keep = [](YamlThread& to, Worker& on, std::vector<int>& into) -> Task<void> {
    const auto facts = co_await to.read(on, pod(1));
    into.push_back(facts ? 200 : facts.error().code);
  };
  for (int i = 0; i < YamlThread::kMaxWaiting; ++i) {
    asio::co_spawn(worker.executor(), keep(thread, worker, codes), asio::detached);
  }
  co_await asio::post(worker.executor(), kAwait);
  const auto one_more = co_await thread.read(worker, pod(1));
  co_return one_more ? "" : std::to_string(one_more.error().code);
}

TEST_CASE("so many wait for it, one more is told to try again; places come free") {
  YamlThread thread;  // reads nothing before it is started
  Worker worker(1);
  std::vector<int> codes;
  CHECK(run_to_end(worker, read_too_many(thread, worker, codes)) == "429");
  CHECK(codes.empty());
  thread.start();
  while (codes.size() < YamlThread::kMaxWaiting) {
    worker.context().restart();
    worker.context().run_for(std::chrono::milliseconds(20));
  }
  worker.context().restart();
  CHECK(codes == std::vector<int>(YamlThread::kMaxWaiting, 200));
  CHECK(run_to_end(worker, thread.read(worker, pod(1))));
}

}  // namespace
}  // namespace postern::proxy

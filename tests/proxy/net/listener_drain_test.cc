#include "listener_fixture.h"

#include <doctest/doctest.h>

// How a listener ends.
using namespace postern::proxy;
using namespace postern::proxy::test;
using namespace std::chrono_literals;

TEST_CASE("drain: no new connections, old ones to their end, then the rest is closed") {
  Worker worker(0);
  Server server(worker, {});
  TcpStream leaves(server.connect()), stays(server.connect());
  CHECK(pings(worker, leaves));
  CHECK(pings(worker, stays));
  TcpStream queued(server.connect());  // in the kernel's queue, not accepted yet
  Run stop(worker);
  stop.add(server.listener->stop_accepting());
  stop.add(server.listener->stop_accepting());
  REQUIRE(stop());
  CHECK(pings(worker, queued));
  TcpSocket late(worker.executor());
  error_code error;
  late.connect(server.listener->endpoint(), error);
  CHECK(error == asio::error::connection_refused);

  leaves.close();
  queued.close();
  bool idle = true;
  Run run(worker);
  run.add(wait_idle(*server.listener, 150ms, idle));
  REQUIRE(run());
  CHECK_FALSE(idle);
  CHECK(server.listener->live() == 1);
  server.listener->close_all();
  Run again(worker);
  again.add(wait_idle(*server.listener, 10s, idle));
  REQUIRE(again());
  CHECK(idle);
  CHECK(end_of(worker, stays).status == Stream::ReadStatus::kEnd);
}

TEST_CASE("whoever connects while accepting ends is served or refused, never reset") {
  Worker worker(0);
  Server server(worker, {});
  std::atomic<bool> over{false};
  std::atomic<int> pinged{0}, refused{0}, reset{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, endpoint = server.listener->endpoint()] {
      while (!over) {
        switch (ping_once(endpoint)) {
          case Served::kYes:
            ++pinged;
            break;
          case Served::kRefused:
            ++refused;
            break;
          case Served::kReset:
            ++reset;
        }
      }
    });
  }
  run_until(worker, [&] { return pinged > 100; });
  Run stop(worker);
  stop.add(server.listener->stop_accepting());
  REQUIRE(stop());
  run_until(worker, [&] { return refused > 0; });
  over = true;
  run_until(worker, [&] { return server.listener->live() == 0; });
  for (std::thread& client : clients) client.join();
  CHECK(reset == 0);
  CHECK(refused > 0);
}

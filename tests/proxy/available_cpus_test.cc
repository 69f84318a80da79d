#include "proxy/available_cpus.h"

#include "tests/proxy/temporary_directory.h"

#include <doctest/doctest.h>
#include <thread>

namespace postern::proxy {
namespace {

TEST_CASE("a control group's time is a number of CPUs, rounded up") {
  const testing::TemporaryDirectory root;
  const auto cpus = [&](const char* group) { return quota_cpus(root.path().string(), group); };
  CHECK_FALSE(cpus("/"));
  CHECK_FALSE(cpus("/system.slice/postern.service"));
  // In a container the group is the root of what can be seen.
  const std::pair<const char*, unsigned> rows[] = {{"50000 100000\n", 1},
                                                   {"100000 100000\n", 1},
                                                   {"150000 100000\n", 2},
                                                   {"1000 100000\n", 1},
                                                   {"4000000 100000\n", 40}};
  for (const auto& [text, wanted] : rows) {
    root.write("cpu.max", text);
    CHECK(cpus("/") == wanted);
  }
  for (const char* text : {"max 100000\n", "", "nonsense", "100000", "100000 0"}) {
    root.write("cpu.max", text);
    CHECK_FALSE(cpus("/"));
  }
}

TEST_CASE("the tightest group of those above counts") {
  const testing::TemporaryDirectory root;
  root.write("system.slice/cpu.max", "300000 100000\n");
  root.write("system.slice/postern.service/cpu.max", "max 100000\n");
  root.write("other.slice/cpu.max", "100000 100000\n");
  const std::string folder = root.path().string();
  CHECK(quota_cpus(folder, "/system.slice/postern.service") == 3);
  root.write("system.slice/postern.service/cpu.max", "200000 100000\n");
  CHECK(quota_cpus(folder, "/system.slice/postern.service") == 2);
  CHECK(quota_cpus(folder, "/system.slice/none") == 3);
}

TEST_CASE("here") {
  CHECK(available_cpus() >= 1);
  CHECK(available_cpus() <= std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace postern::proxy

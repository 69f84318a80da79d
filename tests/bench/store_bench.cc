// What keeping access requests costs: writes that are synced, and a start with many old requests.
//
//     store_bench [FOLDER]
//
// FOLDER (/var/tmp) says which disk. The request is a seed of the fuzzers': two IDs, two roles, two
// reviews, 1.8 kB.

#include "proxy/access/store/sqlite_store.h"
#include "rbac/request/stored_request.h"
#include "tests/bench/measure.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

using namespace postern;
using namespace postern::bench;
using namespace postern::proxy::access;

namespace {

constexpr int kOld = 110'000;

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  return took.count();
}

std::string name_of(int number) {
  std::string name = std::to_string(number);
  return "r" + std::string(9 - name.size(), '0') + name;
}

void single_writes(ObjectStore& store, const std::string& data) {
  std::vector<double> took;
  for (int i = 0; i < 1000; ++i) {
    took.push_back(milliseconds([&] { must(store.create("one", name_of(i), data)); }));
  }
  std::sort(took.begin(), took.end());
  report("a synced create, median", took[500], "ms");
  report("a synced create, 99 of 100 within", took[990], "ms");
}

void fill(ObjectStore& store, const std::string& data) {
  const double took = milliseconds([&] {
    std::vector<Write> writes;
    for (int i = 0; i < kOld; ++i) {
      writes.push_back(Write::create("accessrequest", name_of(i), data));
      if (writes.size() == kMaxWrites || i + 1 == kOld) {
        must(store.write(writes));
        writes.clear();
      }
    }
  });
  report("a create among 1,000 written together", took / kOld, "ms");
}

void reads(ObjectStore& store) {
  std::vector<StoredObject> all;
  report("list 110,000 requests",
         cpu_milliseconds([&] { all = must(store.list("accessrequest")).objects; }), "ms");
  report("a page of 500",
         cpu_milliseconds([&] { must(store.list("accessrequest", name_of(50'000), 500)); }), "ms");
  report("get", cpu_milliseconds([&] { must(store.get("accessrequest", name_of(77'777))); }), "ms");
  std::size_t roles = 0;
  const double took = cpu_milliseconds([&] {
    for (int i = 0; i < 10'000; ++i) {
      roles +=
          must(rbac::request::from_stored(all[static_cast<std::size_t>(i)].data)).spec.roles.size();
    }
  });
  report("read one stored request", took / 10, "us");
  if (roles == 0) std::exit(1);
}

/// The same request, its time over: most of what a start reads.
void ended_reads(const std::string& data) {
  auto request = must(rbac::request::from_stored(data));
  request.state = rbac::request::State::kExpired;
  request.expired = request.access_expires;
  const std::string text = must(rbac::request::to_stored(request));
  std::size_t roles = 0;
  const double took = cpu_milliseconds([&] {
    for (int i = 0; i < 10'000; ++i) {
      roles += must(rbac::request::ended_from_stored(text)).value().request.spec.roles.size();
    }
  });
  report("read one stored request that has expired", took / 10, "us");
  if (roles == 0) std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  std::stringstream seed;
  seed << std::ifstream(POSTERN_SOURCE_DIR "/tests/fuzz/seeds/stored_request/approved").rdbuf();
  const std::string data = seed.str();
  std::string folder = std::string(argc > 1 ? argv[1] : "/var/tmp") + "/store-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const SqliteStoreOptions options{folder + "/postern.db", {}, 0};
  {
    const auto store = must(open_sqlite_store(options));
    single_writes(*store, data);
    fill(*store, data);
  }
  std::unique_ptr<ObjectStore> store;
  report("open a file with 111,000 objects",
         cpu_milliseconds([&] { store = must(open_sqlite_store(options)); }), "ms");
  reads(*store);
  ended_reads(data);
  report("the file", static_cast<double>(std::filesystem::file_size(options.path)) / 1e6, "MB");
  store.reset();
  std::filesystem::remove_all(folder);
  return 0;
}

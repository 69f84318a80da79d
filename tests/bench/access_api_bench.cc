// What the access API costs with 10,000 pending and 100,000 old requests: a page of a list, for
// whom and in which form, and what a watcher takes.
//
//     access_api_bench [REQUESTS]
//
// REQUESTS: 110,000; one in eleven is pending.

#include "proxy/access/api/plan.h"
#include "proxy/access/api/reading.h"
#include "proxy/access/api/watch_hub.h"
#include "proxy/access/state/access_state.h"
#include "proxy/access/state/documents.h"
#include "proxy/access/state/stored_forms.h"
#include "proxy/access/store/memory_store.h"
#include "proxy/observe/log.h"
#include "rbac/request/stored_request.h"
#include "tests/bench/measure.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <malloc.h>
#include <sstream>
#include <string>
#include <vector>

using namespace postern;
using namespace postern::bench;
using namespace postern::proxy::access;
using namespace postern::proxy::access::api;

namespace {

constexpr int kWatchers = 1'000;

constexpr std::string_view kRoles = R"(
kind: role
version: v7
metadata: {name: reviews-all}
spec: {allow: {review_requests: {roles: ['*']}}}
---
kind: user
version: v2
metadata: {name: bob}
spec: {roles: [reviews-all]}
---
kind: user
version: v2
metadata: {name: root}
spec: {roles: [editor]}
---
)";

std::string name_of(int number) {
  std::string name = std::to_string(number);
  return "r" + std::string(9 - name.size(), '0') + name;
}

std::string seed_text() {
  std::stringstream seed;
  seed << std::ifstream(POSTERN_SOURCE_DIR "/tests/fuzz/seeds/stored_request/approved").rdbuf();
  return seed.str();
}

void fill(ObjectStore& store, int count) {
  RequestObject object;
  object.request = must(rbac::request::from_stored(seed_text()));
  RequestObject old = object;
  old.request.state = rbac::request::State::kExpired;
  old.request.expired = old.request.access_expires;
  RequestObject pending = object;
  pending.request.state = rbac::request::State::kPending;
  pending.request.reviews.clear();
  pending.request.approved.reset();
  pending.request.assume_start = pending.request.spec.assume_start;
  std::vector<Write> writes;
  for (int i = 0; i < count; ++i) {
    object = i % 11 == 0 ? pending : old;
    object.meta.name = object.request.name = name_of(i);
    object.meta.uid = object.request.uid = "uid-" + std::to_string(i);
    writes.push_back(
        Write::create(std::string(kRequestKind), object.meta.name, must(encode(object))));
    if (writes.size() == kMaxWrites || i + 1 == count) {
      must(store.write(writes));
      writes.clear();
    }
  }
}

Caller caller(const char* name) {
  return {{.name = name, .groups = {}, .uid = ""}, ""};
}

/// One page, found on the access thread and written out on a worker.
void page(const AccessState& state, const char* who, const char* query, const Media& media,
          const std::string& what) {
  const auto options = must(read_list_options(must(kube::Query::parse(query)), access_requests()));
  ObjectList list;
  report(what + ": found", best_milliseconds([&] {
           list = must(list_objects(state, Viewer(state, caller(who)), access_requests(), options));
         }),
         "ms");
  std::size_t bytes = 0;
  const auto now = std::chrono::system_clock::now();
  report("  written out, " + std::to_string(list.items.size()) + " objects",
         best_milliseconds([&] { bytes = encoded(list, media, now).size(); }), "ms");
  report("  bytes", static_cast<double>(bytes) / 1e3, "kB");
}

void watchers(AccessState& state) {
  WatchHub hub(state);
  const auto options = must(read_watch_options(
      must(kube::Query::parse("resourceVersion=" +
                              std::to_string(state.version(StateChange::Kind::kRequest)))),
      access_requests()));
  std::vector<WatchStart> open;
  const auto before = ::mallinfo2().uordblks;
  for (int i = 0; i < kWatchers; ++i) {
    open.push_back(must(hub.open(caller("bob"), access_requests(), options)));
  }
  report("1,000 watchers, memory", static_cast<double>(::mallinfo2().uordblks - before) / 1e6,
         "MB");
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto store = make_memory_store();
  fill(*store, argc > 1 ? std::atoi(argv[1]) : 110'000);
  proxy::Log log({.write = [](std::string_view) {}});
  StateOptions options;
  // Nothing becomes due meanwhile: the seed is of another year.
  options.wall = [created = must(rbac::request::from_stored(seed_text())).created] {
    return created;
  };
  AccessState state(*store, std::move(options), log, nullptr);
  report("read all requests at start", cpu_milliseconds([&] { must(state.load()); }), "ms");
  LoadedFile files = load_file_objects("bench", kRoles);
  for (RoleObject& preset : presets_beside(files.objects.roles)) {
    files.objects.roles.push_back(std::move(preset));
  }
  state.set_files(std::move(files.objects));
  std::printf("%zu requests are kept\n", state.requests().size());

  Media table;
  table.conversion = kube::Conversion::kTable;
  page(state, "root", "limit=500", table, "a page of 500, administrator, table");
  page(state, "root", "limit=500", {}, "a page of 500, administrator, documents");
  page(state, "bob", "limit=500&fieldSelector=status.state%3DPENDING", table,
       "a page of 500 pending ones, reviewer");
  page(state, "bob", "limit=500&fieldSelector=status.reviewable%3Dtrue", table,
       "a page of 500 that the reviewer may review");
  page(state, "eve", "limit=500", table, "who sees none of them");
  page(state, "root", "limit=500&fieldSelector=spec.user%3Dnobody", table,
       "administrator, none of them selected");
  watchers(state);
  return 0;
}

// How fast the JSON filters are, beside what copying the same bytes in and out again costs, and how
// much memory they hold. Figures: docs/benchmarks.md.

#include "kube/filter/filter.h"
#include "kube/filter/scanner.h"
#include "tests/bench/bodies.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <malloc.h>
#include <new>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

namespace {

std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;

}  // namespace

void* operator new(std::size_t size) {
  void* const p = std::malloc(size);
  if (p == nullptr) throw std::bad_alloc();
  live_bytes += malloc_usable_size(p);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return p;
}

void operator delete(void* p) noexcept {
  live_bytes -= malloc_usable_size(p);
  std::free(p);
}

void operator delete(void* p, std::size_t) noexcept {
  operator delete(p);
}

namespace {

using namespace postern::kube::filter;

/// CPU seconds of this thread: what other programs on the machine do meanwhile does not count.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

class KeepShare final : public Predicate {
 public:
  explicit KeepShare(int percent) : percent_(percent) {}
  bool allows(const Item& item) override {
    if (percent_ == 1) return item.namespace_ == "kept";
    if (percent_ == 0 || percent_ == 100) return percent_ == 100;
    return ((item.name.back() - '0') & 1) != 0;
  }

 private:
  const int percent_;
};

using Maker = std::unique_ptr<BodyFilter> (*)(FilterOptions, Predicate&);

/// Seconds that the filter takes; the output is thrown away piece by piece, as a proxy writes it.
double filter_once(Maker make, std::string_view body, int percent, std::size_t piece,
                   std::string& out) {
  KeepShare predicate(percent);
  const double begin = cpu_seconds();
  const auto filter = make({}, predicate);
  FilterResult result;
  for (std::size_t at = 0; result && at < body.size(); at += piece) {
    out.clear();
    result = filter->feed(body.substr(at, piece), out);
  }
  if (result) result = filter->finish(out);
  const double took = cpu_seconds() - begin;
  if (!result) {
    std::fprintf(stderr, "the filter refuses: %s\n", result.error().reason);
    std::exit(1);
  }
  return took;
}

/// Seconds for copying the body into a read buffer and from there into a write buffer.
double copy_once(std::string_view body, std::size_t piece) {
  static std::vector<char> in(1 << 20);
  static std::vector<char> out(1 << 20);
  const double begin = cpu_seconds();
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::string_view part = body.substr(at, piece);
    std::memcpy(in.data(), part.data(), part.size());
    __asm__ volatile("" ::"r"(in.data()) : "memory");
    std::memcpy(out.data(), in.data(), part.size());
    __asm__ volatile("" ::"r"(out.data()) : "memory");
  }
  const double took = cpu_seconds() - begin;
  return took;
}

/// Measures filter and copy in turn and prints the best of each.
void measure(const char* what, Maker make, std::string_view body, int percent, Isa isa,
             std::size_t piece = 65536, int rounds = 7) {
  set_isa_for_testing(isa);
  std::string out;
  out.reserve(2 * piece);
  double filter = 1e9;
  double copy = 1e9;
  for (int i = 0; i < rounds; ++i) {
    copy = std::min(copy, copy_once(body, piece));
    filter = std::min(filter, filter_once(make, body, percent, piece, out));
  }
  const double size = static_cast<double>(body.size()) / 1e9;
  std::printf("%-34s %4d %%  %-8s %3zu KiB  %6.2f GB/s  %5.2f x copy (%.1f GB/s)\n", what, percent,
              isa_name(isa), piece / 1024, size / filter, copy / filter, size / copy);
  std::fflush(stdout);
}

void measure_pods(std::size_t bytes) {
  const Isa best = supported_isas().back();
  const std::string list = postern::bench::pod_list(bytes);
  for (const int percent : {1, 50, 100}) {
    for (const Isa isa : supported_isas()) {
      measure("PodList", make_json_list_filter, list, percent, isa);
    }
  }
  measure("PodList", make_json_list_filter, list, 1, best, 16384);
  const std::string table = postern::bench::pod_table(bytes);
  const std::string watch = postern::bench::pod_watch(bytes);
  for (const int percent : {1, 100}) {
    for (const Isa isa : supported_isas()) {
      measure("Table", make_json_list_filter, table, percent, isa);
    }
    for (const Isa isa : supported_isas()) {
      measure("watch", make_json_watch_filter, watch, percent, isa);
    }
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

void measure_adversarial(std::size_t bytes) {
  const std::string head = R"({"metadata":{"name":"n1","namespace":"d"},"spec":)";
  struct Case {
    const char* name;
    std::string item;
  };
  std::string members = "\"z\":1";
  for (int i = 0; i < 500; ++i) members += ",\"a\":1";
  const std::vector<Case> cases = {
      {"strings of escapes", head + "[\"" + repeated("\\\"\\\\", 2000) + "\"]}"},
      {"single backslashes", head + "[\"" + repeated("\\\"xxxxxxx", 800) + "\"]}"},
      {"a direct string of escapes",
       R"({"spec":")" + repeated("\\\"", 4000) + R"(","metadata":{"name":"n1","namespace":"d"}})"},
      {"brackets, flat", head + "[" + repeated("[],", 3000) + "0]}"},
      {"brackets, deep", head + repeated("[", 4000) + repeated("]", 4000) + "}"},
      {"objects, flat", head + "[" + repeated("{\"\":{}},", 1000) + "0]}"},
      {"tiny items", R"({"metadata":{"name":"n1","namespace":"d"}})"},
      {"tiny items without a name", "{}"},
      {"null items", "null"},
      {"small members in metadata", R"({"metadata":{)" + members + R"(,"name":"n1"}})"},
      {"small members in the item", "{" + members + R"(,"metadata":{"name":"n1"}})"},
      {"small containers in the item",
       "{" + repeated("\"a\":{},", 1000) + R"("metadata":{"name":"n1"}})"},
      {"empty keys in the item", "{" + repeated("\"\":0,", 1000) + R"("metadata":{"name":"n1"}})"},
      {"escaped keys in the item",
       "{" + repeated("\"\\u0061\":0,", 1000) + R"("metadata":{"name":"n1"}})"},
      {"escaped names",
       R"({"metadata":{"name":")" + repeated("\\u006e", 500) + R"(","namespace":"d"}})"},
      {"white space", "{" + repeated("\n  ", 2000) + R"("metadata":{"name":"n1"}})"},
      {"long numbers", R"({"spec":)" + repeated("1", 4000) + R"(,"metadata":{"name":"n1"}})"},
  };
  for (const Case& input : cases) {
    const std::string body = postern::bench::list_of(input.item, bytes);
    for (const int percent : {0, 100}) {
      for (const Isa isa : supported_isas()) {
        if (isa != Isa::kScalar) {
          measure(input.name, make_json_list_filter, body, percent, isa, 65536, 3);
        }
      }
    }
  }
}

/// Streams a list of 750 MB and prints the most that filter and output buffer held at a time.
void measure_memory(int percent, std::size_t piece) {
  const std::string part = postern::bench::pod_list(7'500'000);
  const std::string_view all = part;
  const std::size_t items = all.find('[') + 1;
  const std::string_view middle = all.substr(items, all.rfind(']') - items);
  KeepShare predicate(percent);
  const std::size_t before = live_bytes;
  peak_bytes = live_bytes;
  std::size_t fed = 0;
  std::size_t written = 0;
  {
    std::string out;
    const auto filter = make_json_list_filter({}, predicate);
    const auto feed = [&](std::string_view text) {
      for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        out.clear();
        if (!filter->feed(text.substr(0, piece), out)) std::exit(1);
        written += out.size();
        fed += std::min(piece, text.size());
      }
    };
    feed(all.substr(0, items));
    for (int i = 0; i < 100; ++i) {
      if (i != 0) feed(",");
      feed(middle);
    }
    feed("]}");
    if (!filter->finish(out)) std::exit(1);
  }
  std::printf("memory: %zu MB in, %zu MB out, %3d %% kept, pieces of %zu KiB: at most %zu KiB\n",
              fed / 1'000'000, written / 1'000'000, percent, piece / 1024,
              (peak_bytes - before + 1023) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t megabytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 75;
  const std::string_view only = argc > 2 ? argv[2] : "all";
  std::printf("%-34s %6s  %-8s %7s\n", "body", "kept", "with", "pieces");
  if (only == "all" || only == "pods") measure_pods(megabytes * 1'000'000);
  if (only == "all" || only == "adversarial") measure_adversarial(megabytes * 200'000);
  if (only == "all" || only == "memory") {
    for (const std::size_t piece : {16384UL, 65536UL}) {
      for (const int percent : {1, 100}) measure_memory(percent, piece);
    }
  }
}

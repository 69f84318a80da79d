// How fast the JSON filters are, beside what copying the same bytes in and out again costs, and how
// much memory they hold. Figures: docs/benchmarks.md.

#include "kube/filter/filter.h"
#include "kube/filter/scanner.h"
#include "tests/bench/adversarial.h"
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
using postern::bench::AdversarialShape;

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
double filter_once(Maker make, const FilterOptions& options, std::string_view body, int percent,
                   std::size_t piece, std::string& out) {
  KeepShare predicate(percent);
  const double begin = cpu_seconds();
  const auto filter = make(options, predicate);
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

/// Measures filter and copy in turn and prints the best of each. Returns the filter's GB/s.
double measure(const char* what, Maker make, std::string_view body, int percent, Isa isa,
               std::size_t piece = 65536, int rounds = 7, const FilterOptions& options = {}) {
  set_isa_for_testing(isa);
  std::string out;
  out.reserve(2 * piece);
  double filter = 1e9;
  double copy = 1e9;
  for (int i = 0; i < rounds; ++i) {
    copy = std::min(copy, copy_once(body, piece));
    filter = std::min(filter, filter_once(make, options, body, percent, piece, out));
  }
  const double size = static_cast<double>(body.size()) / 1e9;
  std::printf("%-44s %4d %%  %-8s %3zu KiB  %6.2f GB/s  %5.2f x copy (%.1f GB/s)\n", what, percent,
              isa_name(isa), piece / 1024, size / filter, copy / filter, size / copy);
  std::fflush(stdout);
  return size / filter;
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

Maker maker_of(AdversarialShape::Kind kind) {
  switch (kind) {
    case AdversarialShape::Kind::kWatch:
      return make_json_watch_filter;
    case AdversarialShape::Kind::kObject:
      return make_json_object_filter;
    default:
      return make_json_list_filter;
  }
}

/// Measures the shapes whose names contain `wanted` and prints which is the slowest.
void measure_adversarial(std::size_t bytes, std::string_view wanted) {
  const Isa best = supported_isas().back();
  double slowest = 1e9;
  std::string slowest_name;
  for (const AdversarialShape& shape : postern::bench::adversarial_shapes()) {
    if (shape.name.find(wanted) == std::string::npos) continue;
    const bool object = shape.kind == AdversarialShape::Kind::kObject;
    // A single object is held whole, up to the cap.
    const std::string body = shape.body(object ? std::min<std::size_t>(bytes, 4'000'000) : bytes);
    FilterOptions options;
    options.event_references = shape.kind == AdversarialShape::Kind::kEventList;
    options.reduce_table_objects = shape.kind == AdversarialShape::Kind::kReducedTable;
    for (const int percent : {0, 100}) {
      if (object && percent == 0) continue;
      const double rate =
          measure(shape.name.c_str(), maker_of(shape.kind), body, percent, best, 65536, 5, options);
      if (rate < slowest) slowest_name = shape.name;
      slowest = std::min(slowest, rate);
    }
  }
  std::printf("the slowest: %s, %.2f GB/s\n", slowest_name.c_str(), slowest);
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
  const std::string_view part = argc > 3 ? argv[3] : "";
  std::printf("%-44s %6s  %-8s %7s\n", "body", "kept", "with", "pieces");
  if (only == "all" || only == "pods") measure_pods(megabytes * 1'000'000);
  if (only == "all" || only == "adversarial") measure_adversarial(megabytes * 200'000, part);
  if (only == "all" || only == "memory") {
    for (const std::size_t piece : {16384UL, 65536UL}) {
      for (const int percent : {1, 100}) measure_memory(percent, piece);
    }
  }
}

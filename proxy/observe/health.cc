#include "proxy/observe/health.h"

#include "kube/percent.h"
#include "kube/text.h"

#include <algorithm>
#include <set>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::string_view kPaths[] = {"/livez", "/readyz", "/healthz"};

/// The two keys that matter of a query, as Go's url.ParseQuery reads them: `+` is a space, a pair
/// that cannot be decoded is dropped.
struct HealthQuery {
  bool verbose = false;
  std::set<std::string> exclude;  ///< sorted, as sets.String.List() gives them
};

std::optional<std::string> decode(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '+', ' ');
  return kube::percent_decode(plain);
}

HealthQuery parse_query(std::string_view query) {
  HealthQuery parsed;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto key = decode(pair.substr(0, equals));
    const auto value = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!key || !value) continue;
    if (*key == "verbose") parsed.verbose = true;
    if (*key == "exclude") parsed.exclude.insert(*value);
  }
  return parsed;
}

std::string quoted_list(const std::set<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + kube::quoted(name);
  return list;
}

}  // namespace

HealthRegistry::HealthRegistry(Metrics* metrics)
    : shutting_down_(std::make_shared<std::atomic<bool>>(false)), metrics_(metrics) {
  add_live("ping", [] { return std::nullopt; });
  add_ready("shutdown", [flag = shutting_down_]() -> std::optional<std::string> {
    if (flag->load()) return "process is shutting down";
    return std::nullopt;
  });
}

void HealthRegistry::add_live(std::string name, Check check) {
  // kube-apiserver lists the checks of life first, `shutdown` last.
  const auto place = std::find_if(checks_.begin(), checks_.end(), [](const NamedCheck& known) {
    return known.kind != NamedCheck::Kind::kLive;
  });
  checks_.insert(place, {std::move(name), std::move(check), NamedCheck::Kind::kLive});
}

void HealthRegistry::add_ready(std::string name, Check check) {
  add_before_shutdown({std::move(name), std::move(check), NamedCheck::Kind::kReady});
}

void HealthRegistry::add_report(std::string name, Check check) {
  add_before_shutdown({std::move(name), std::move(check), NamedCheck::Kind::kReport});
}

void HealthRegistry::add_before_shutdown(NamedCheck check) {
  const auto place = checks_.empty() || checks_.back().name != "shutdown"
                         ? checks_.end()
                         : std::prev(checks_.end());
  checks_.insert(place, std::move(check));
}

bool HealthRegistry::is_health_path(std::string_view path) {
  return std::any_of(std::begin(kPaths), std::end(kPaths), [path](std::string_view known) {
    return path == known || (path.starts_with(known) && path[known.size()] == '/');
  });
}

std::vector<const HealthRegistry::NamedCheck*> HealthRegistry::checks_of(
    std::string_view path) const {
  std::vector<const NamedCheck*> found;
  for (const NamedCheck& check : checks_) {
    if (check.kind == NamedCheck::Kind::kLive || path == "/readyz") found.push_back(&check);
  }
  return found;
}

std::optional<std::string> HealthRegistry::run(const NamedCheck& check) const {
  auto problem = check.check();
  if (metrics_ != nullptr) metrics_->health_check(check.name, !problem);
  return problem;
}

HealthAnswer HealthRegistry::answer(std::string_view target) const {
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  const std::string_view query = target.substr(std::min(question + 1, target.size()));
  if (std::find(std::begin(kPaths), std::end(kPaths), path) != std::end(kPaths)) {
    return answer_all(path, query);
  }
  const std::size_t slash = path.find('/', 1);
  if (!is_health_path(path)) return {404, "404 page not found\n", ""};
  return answer_one(path.substr(0, slash), path.substr(slash + 1));
}

HealthAnswer HealthRegistry::answer_all(std::string_view path, std::string_view query) const {
  const HealthQuery asked = parse_query(query);
  const std::string name(path.substr(1));
  std::set<std::string> unknown = asked.exclude;
  std::string lines;
  std::string reasons;
  for (const NamedCheck* const check : checks_of(path)) {
    if (asked.exclude.contains(check->name)) {
      unknown.erase(check->name);
      lines += "[+]" + check->name + " excluded: ok\n";
    } else if (const auto problem = run(*check); !problem) {
      lines += "[+]" + check->name + " ok\n";
    } else if (check->kind == NamedCheck::Kind::kReport) {
      lines += "[-]" + check->name + " failed, not needed: reason withheld\n";
    } else {
      lines += "[-]" + check->name + " failed: reason withheld\n";
      reasons += (reasons.empty() ? "" : "; ") + check->name + ": " + *problem;
    }
  }
  if (!unknown.empty()) {
    lines += "warn: some health checks cannot be excluded: no matches for " + quoted_list(unknown) +
             "\n";
  }
  if (path == "/readyz" && warnings_) {
    for (const std::string& warning : warnings_()) {
      lines += "warn: " + kube::printable(warning) + "\n";
    }
  }
  if (!reasons.empty()) return {500, lines + name + " check failed\n", std::move(reasons)};
  if (!asked.verbose) return {200, "ok", ""};
  return {200, lines + name + " check passed\n", ""};
}

HealthAnswer HealthRegistry::answer_one(std::string_view path, std::string_view name) const {
  for (const NamedCheck* const check : checks_of(path)) {
    if (check->name != name) continue;
    const auto problem = run(*check);
    if (!problem) return {200, "ok", ""};
    return {500, "internal server error: reason withheld\n", check->name + ": " + *problem};
  }
  return {404, "404 page not found\n", ""};
}

}  // namespace postern::proxy

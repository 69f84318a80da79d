#include "cli/requests/search_command.h"

#include "cli/client/interrupt.h"
#include "cli/connect.h"
#include "cli/objects/output_format.h"
#include "cli/output/json_text.h"
#include "cli/output/text_table.h"
#include "cli/output/yaml.h"
#include "kube/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <ostream>
#include <set>

namespace postern::cli {
namespace {

constexpr int kInvalid = 422;
constexpr std::size_t kPage = 500;
/// More IDs than that do not fit into one request.
constexpr std::size_t kMaxIds = 300;

struct Found {
  std::vector<Json> resources;
  std::vector<Json> patterns;
  bool more = false;
};

Outcome<Json> spec_of(const SearchArguments& arguments) {
  Json spec{{"kind", arguments.kind}};
  if (!arguments.cluster.empty()) spec["kubeCluster"] = arguments.cluster;
  if (!arguments.namespace_.empty()) spec["namespace"] = arguments.namespace_;
  if (arguments.all_namespaces) spec["allNamespaces"] = true;
  if (!arguments.words.empty()) spec["search"] = arguments.words;
  for (const std::string& label : arguments.labels) {
    const std::size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return wrong_usage("--labels: \"" + label + "\" is not KEY=VALUE");
    }
    spec["labels"][label.substr(0, equals)] = label.substr(equals + 1);
  }
  return spec;
}

/// A line on a terminal that is written again and again.
class Progress {
 public:
  explicit Progress(const Context& context) : context_(context) {}
  ~Progress() {
    if (shown_) context_.err() << "\r\x1b[K" << std::flush;
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(std::size_t count) {
    if (!context_.surroundings.terminals.err) return;
    context_.err() << "\r\x1b[K" << count << " found …" << std::flush;
    shown_ = true;
  }

 private:
  const Context& context_;
  bool shown_ = false;
};

/// The options that answer the API's question for a namespace.
Failure with_options(Failure failure) {
  if (failure.http_status == kInvalid &&
      failure.message.find("spec.namespace") != std::string::npos) {
    failure.message += "\ngive --kube-namespace NAME, or --all-kube-namespaces";
  }
  return failure;
}

Outcome<Found> search(AccessClient& api, const SearchArguments& arguments, const Context& context) {
  auto spec = spec_of(arguments);
  if (!spec) return tl::unexpected(spec.error());
  Found found;
  std::set<std::string> seen;
  Progress progress(context);
  const auto collect = [&seen](const Json& from, std::vector<Json>& into) {
    for (const Json& item : from) {
      if (seen.insert(text_at(item, {"id"})).second) into.push_back(item);
    }
  };
  while (true) {
    const std::size_t left =
        arguments.limit == 0 ? kPage : std::min(kPage, arguments.limit - found.resources.size());
    (*spec)["limit"] = left;
    Json asked = new_object("ResourceSearch");
    asked["spec"] = *spec;
    const auto answer = api.post("resourcesearches", asked);
    if (!answer) return tl::unexpected(with_options(answer.error()));
    collect(find(*answer, {"status", "resources"}), found.resources);
    collect(find(*answer, {"status", "patterns"}), found.patterns);
    const std::string go_on = text_at(*answer, {"status", "continue"});
    if (go_on.empty()) return found;
    if (arguments.limit != 0 && found.resources.size() >= arguments.limit) {
      found.more = true;
      return found;
    }
    (*spec)["continue"] = go_on;
    progress.show(found.resources.size());
  }
}

std::string labels_text(const Json& resource) {
  std::string text;
  for (const auto& [key, value] : find(resource, {"labels"}).items()) {
    if (!value.is_string()) continue;
    text += (text.empty() ? "" : ",") + key + "=" + value.get<std::string>();
  }
  return text;
}

void print_tables(const Context& context, const SearchArguments& arguments, const Found& found) {
  const bool namespaced =
      std::any_of(found.resources.begin(), found.resources.end(),
                  [](const Json& resource) { return !text_at(resource, {"namespace"}).empty(); });
  TextTable table{{"NAME"}, {}};
  if (namespaced) table.headers.emplace_back("NAMESPACE");
  table.headers.insert(table.headers.end(), {"LABELS", "RESOURCE ID"});
  for (const Json& resource : found.resources) {
    auto& row = table.rows.emplace_back();
    row.push_back(text_at(resource, {"name"}));
    if (namespaced) row.push_back(text_at(resource, {"namespace"}));
    row.push_back(labels_text(resource));
    row.push_back(text_at(resource, {"id"}));
  }
  table.print(context.out(), !arguments.no_headers);
  if (found.patterns.empty()) return;
  TextTable patterns{{"WORKLOAD", "RESOURCE ID OF ALL ITS PODS"}, {}};
  for (const Json& pattern : found.patterns) {
    patterns.rows.push_back({text_at(pattern, {"workload"}), text_at(pattern, {"id"})});
  }
  context.out() << "\n";
  patterns.print(context.out(), !arguments.no_headers);
}

std::vector<std::string> ids_of(const std::vector<Json>& items) {
  std::vector<std::string> ids;
  for (const Json& item : items) ids.push_back(text_at(item, {"id"}));
  return ids;
}

void print_command(const Context& context, const Found& found) {
  if (found.more) {
    context.err() << "note: there are more; --limit 0 lists everything, --search and --labels "
                     "narrow it down\n";
  }
  if (found.resources.size() > kMaxIds) {
    context.out() << "\nThese are more than one request can name; ask for a pattern, e.g. with * "
                     "for the name.\n";
    return;
  }
  context.out() << "\nTo ask for " << (found.resources.size() == 1 ? "it" : "them") << ":\n\n  "
                << create_command(ids_of(found.resources)) << "\n";
  if (found.patterns.empty()) return;
  context.out() << "\nPods get new names with every rollout; to ask for a workload's:\n\n";
  for (const Json& pattern : found.patterns) {
    context.out() << "  " << create_command({text_at(pattern, {"id"})}) << "\n";
  }
}

}  // namespace

std::string create_command(const std::vector<std::string>& ids) {
  std::string command = "postern request create";
  for (const std::string& id : ids) command += " --resource " + kube::shell_quote(id);
  return command + " --reason " + kube::shell_quote("why you need it");
}

Outcome<void> run_search(const SearchArguments& arguments, const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  const Interrupt interrupt;
  const auto found = search(connection->api(), arguments, context);
  if (!found) return tl::unexpected(found.error());
  const OutputFormat format = output_format(arguments.output);
  if (format == OutputFormat::kName) {
    for (const std::string& id : ids_of(found->resources)) {
      context.out() << kube::printable(id) << "\n";
    }
    return {};
  }
  if (!is_table(format)) {
    const Json all{{"resources", found->resources}, {"patterns", found->patterns}};
    context.out() << (format == OutputFormat::kJson ? json_text(all) + "\n" : yaml_text(all));
    return {};
  }
  if (found->resources.empty()) {
    context.err() << "Nothing was found that you may ask for.\n";
    return {};
  }
  print_tables(context, arguments, *found);
  print_command(context, *found);
  return {};
}

}  // namespace postern::cli

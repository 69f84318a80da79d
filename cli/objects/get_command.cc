#include "cli/objects/get_command.h"

#include "cli/client/interrupt.h"
#include "cli/client/patience.h"
#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/objects/output_format.h"
#include "cli/output/text_table.h"
#include "kube/text.h"

#include <algorithm>
#include <ostream>
#include <utility>

namespace postern::cli {
namespace {

QueryList query_of(const GetArguments& arguments) {
  return {{"labelSelector", arguments.labels}, {"fieldSelector", arguments.fields}};
}

bool is_nothing(const Json& answer) {
  return find(answer, {"rows"}).empty() && find(answer, {"items"}).empty();
}

void print_answer(const Json& answer, const ObjectKind& kind, const GetArguments& arguments,
                  const Context& context) {
  const OutputFormat format = output_format(arguments.output);
  const bool is_list = answer.contains("rows") || answer.contains("items");
  if (!is_table(format)) {
    print_object(context.out(), answer, kind, format);
  } else if (is_list && is_nothing(answer)) {
    context.err() << (arguments.nothing.empty() ? "No " + std::string(kind.word) + "s found."
                                                : arguments.nothing)
                  << "\n";
  } else {
    print_table(context.out(), answer, format, !arguments.no_headers);
  }
  context.out() << std::flush;
}

std::string created_at(const Json& item) {
  const std::string time = text_at(item, {"metadata", "creationTimestamp"});
  return time.empty() ? text_at(item, {"object", "metadata", "creationTimestamp"}) : time;
}

/// The newest first; times of one form sort as text.
void sort_by_age(Json& answer) {
  for (const char* const key : {"items", "rows"}) {
    if (!answer.contains(key) || !answer[key].is_array()) continue;
    std::stable_sort(answer[key].begin(), answer[key].end(),
                     [](const Json& a, const Json& b) { return created_at(a) > created_at(b); });
  }
}

/// Prints changes from a version on; again from the beginning when the server has forgotten it. A
/// server that goes away is waited for.
class Watcher {
 public:
  Watcher(AccessClient& api, const ObjectKind& kind, const GetArguments& arguments,
          const Context& context, std::string name)
      : api_(api), kind_(kind), arguments_(arguments), context_(context), name_(std::move(name)) {}

  Outcome<void> run(const Json& shown) {
    version_ = text_at(shown, {"metadata", "resourceVersion"});
    columns_ = find(shown, {"columnDefinitions"});
    const bool as_table = is_table(output_format(arguments_.output));
    QueryList query = query_of(arguments_);
    if (!name_.empty()) query = {{"fieldSelector", "metadata.name=" + name_}};
    query.emplace_back("resourceVersion", "");
    while (true) {
      query.back().second = version_;
      const auto end = api_.watch(
          std::string(kind_.resource), query, as_table, std::chrono::milliseconds(0),
          [&](const std::string& type, const Json& object) { return on_event(type, object); });
      if (!end && !may_pass(end.error())) return tl::unexpected(end.error());
      if (!end) tell_loss(end.error());
      if (end && *end == WatchEnd::kTooOld) version_.clear();
      patience_.pause();
      if (Interrupt::signal() != 0) {
        return tl::unexpected(Failure{Interrupt::exit_code(), "interrupted"});
      }
    }
  }

 private:
  /// Once for each time that the server is away, not for each try.
  void tell_loss(const Failure& why) {
    if (std::exchange(is_lost_, true)) return;
    context_.err() << "warning: " << kube::printable(why.message) << "; trying again\n"
                   << std::flush;
  }

  bool on_event(const std::string& type, const Json& object) {
    patience_.reset();
    is_lost_ = false;
    const std::string version = text_at(object, {"metadata", "resourceVersion"});
    if (!version.empty()) version_ = version;
    if (type != "BOOKMARK") print(object);
    return true;
  }

  void print(const Json& object) {
    // Later events of a watch of tables have no columns of their own.
    Json shown = object;
    if (text_at(shown, {"kind"}) == "Table") {
      if (find(shown, {"columnDefinitions"}).empty()) {
        shown["columnDefinitions"] = columns_;
      } else {
        columns_ = find(shown, {"columnDefinitions"});
      }
    }
    GetArguments arguments = arguments_;
    arguments.no_headers = true;
    print_answer(shown, kind_, arguments, context_);
  }

  AccessClient& api_;
  const ObjectKind& kind_;
  const GetArguments& arguments_;
  const Context& context_;
  std::string name_;
  std::string version_;
  Json columns_;
  Patience patience_;
  bool is_lost_ = false;
};

Outcome<void> show(AccessClient& api, const ObjectKind& kind, const std::string& name,
                   const GetArguments& arguments, const Context& context) {
  const bool as_table = is_table(output_format(arguments.output));
  const std::string resource(kind.resource);
  GetArguments first = arguments;
  if (!arguments.first_fields.empty()) first.fields = arguments.first_fields;
  auto answer = name.empty() ? api.list(resource, query_of(first), as_table)
                             : api.get(path_of({resource, name}), {}, as_table);
  if (!answer) return tl::unexpected(answer.error());
  if (arguments.newest_first) sort_by_age(*answer);
  print_answer(*answer, kind, arguments, context);
  if (!arguments.watch) return {};
  const Interrupt interrupt;
  return Watcher(api, kind, arguments, context, name).run(*answer);
}

/// One failure that says what all of them say, and ends as the first.
Failure all_of(const std::vector<Failure>& failures) {
  Failure all = failures.front();
  for (std::size_t i = 1; i < failures.size(); ++i) all.message += "\n" + failures[i].message;
  return all;
}

/// Objects by their names: a table for each kind, or one List, as kubectl has it. Those that are
/// not there are told behind the others.
Outcome<void> show_several(AccessClient& api, const std::vector<ObjectChoice>& choices,
                           const GetArguments& arguments, const Context& context) {
  const OutputFormat format = output_format(arguments.output);
  std::vector<std::pair<const ObjectKind*, Json>> tables;
  Json list{{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
  std::vector<Failure> failures;
  for (const ObjectChoice& choice : choices) {
    for (const std::string& name : choice.names) {
      auto answer =
          api.get(path_of({std::string(choice.kind->resource), name}), {}, is_table(format));
      if (!answer) {
        failures.push_back(answer.error());
      } else if (format == OutputFormat::kName) {
        print_object(context.out(), *answer, *choice.kind, format);
      } else if (!is_table(format)) {
        list["items"].push_back(std::move(*answer));
      } else if (!tables.empty() && tables.back().first == choice.kind) {
        for (Json& row : (*answer)["rows"]) tables.back().second["rows"].push_back(std::move(row));
      } else {
        tables.emplace_back(choice.kind, std::move(*answer));
      }
    }
  }
  for (const auto& table : tables) {
    if (&table != &tables.front()) context.out() << "\n";
    print_answer(table.second, *table.first, arguments, context);
  }
  if (!list["items"].empty()) print_object(context.out(), list, *choices.front().kind, format);
  return failures.empty() ? Outcome<void>() : tl::unexpected(all_of(failures));
}

}  // namespace

Outcome<void> show_list(AccessClient& api, const ObjectKind& kind, const GetArguments& arguments,
                        const Context& context) {
  return show(api, kind, "", arguments, context);
}

Outcome<void> run_get(const GetArguments& arguments, const Context& context) {
  const auto choices = parse_choices(arguments.words);
  if (!choices) return tl::unexpected(choices.error());
  std::size_t count = 0;
  for (const ObjectChoice& choice : *choices)
    count += std::max<std::size_t>(choice.names.size(), 1);
  if (arguments.watch && count > 1) return wrong_usage("-w watches one object, or all of a kind");
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  if (count > 1) return show_several(connection->api(), *choices, arguments, context);
  const ObjectChoice& choice = choices->front();
  const std::string name = choice.names.empty() ? "" : choice.names.front();
  return show(connection->api(), *choice.kind, name, arguments, context);
}

}  // namespace postern::cli

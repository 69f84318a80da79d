#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/objects/write_commands.h"
#include "cli/output/yaml.h"
#include "cli/run_program.h"
#include "cli/temporary_file.h"
#include "kube/text.h"
#include "proxy/read_file.h"

#include <fmt/format.h>
#include <ostream>
#include <sstream>

namespace postern::cli {
namespace {

constexpr const char* kOrigin = "access.postern.dev/origin";
constexpr std::size_t kMaxFile = std::size_t{64} * 1024 * 1024;

Outcome<std::string> editor_of(const Surroundings& surroundings) {
  for (const char* const name : {"POSTERN_EDITOR", "VISUAL", "EDITOR"}) {
    if (auto editor = surroundings.variable(name); !editor.empty()) return editor;
  }
  if (!surroundings.interactive()) {
    return failed("there is no terminal; say which editor to run with $EDITOR");
  }
  return "vi";
}

std::string commented(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) out += "# " + kube::printable(line) + "\n";
  return out;
}

/// The text that is edited; what went wrong the last time stands above it.
std::string page_of(const std::string& name, const std::string& problem, const std::string& body) {
  std::string page = "# " + name +
                     ": save and leave the editor to store it; leave without a change "
                     "to cancel.\n";
  if (!problem.empty()) page += "#\n# It was refused:\n" + commented(problem);
  return page + "#\n" + body;
}

std::string without_comments(const std::string& page) {
  std::istringstream lines(page);
  std::string out;
  bool in_head = true;
  for (std::string line; std::getline(lines, line);) {
    in_head = in_head && line.starts_with("#");
    if (!in_head) out += line + "\n";
  }
  return out;
}

/// What the server keeps for itself makes no sense to edit; the version stays, so that a change of
/// somebody else's is seen.
Json editable(Json object) {
  for (const char* const key : {"managedFields", "creationTimestamp", "generation", "uid"}) {
    object["metadata"].erase(key);
  }
  object.erase("status");
  return object;
}

Outcome<void> run_editor(const Context& context, const std::string& path) {
  const auto editor = editor_of(context.surroundings);
  if (!editor) return tl::unexpected(editor.error());
  // As git and kubectl: the variable may hold options.
  const auto code = run_program({"/bin/sh", "-c", *editor + " \"$1\"", "sh", path}, {});
  if (!code) return tl::unexpected(code.error());
  if (*code != 0) return failed(fmt::format("the editor ended with {}", *code));
  return {};
}

/// Parses and stores; what was refused is the failure.
Outcome<Json> store(AccessClient& api, const ObjectKind& kind, const std::string& name,
                    const std::string& text) {
  const auto documents = read_yaml(text, "the file");
  if (!documents) return tl::unexpected(documents.error());
  if (documents->size() != 1) return failed("there must be exactly one document");
  const auto object = to_api_object(documents->front(), "the file");
  if (!object) return tl::unexpected(object.error());
  if (text_at(*object, {"metadata", "name"}) != name) return failed("the name cannot be changed");
  return api.put(path_of({kind.resource, name}), *object);
}

class Editing {
 public:
  Editing(AccessClient& api, const ObjectKind& kind, std::string name, const Context& context)
      : api_(api), kind_(kind), name_(std::move(name)), context_(context) {}

  Outcome<void> run() {
    const auto present = api_.get(path_of({kind_.resource, name_}));
    if (!present) return tl::unexpected(present.error());
    if (auto ours = check_origin(*present); !ours) return ours;
    std::string body = yaml_text(editable(*present));
    auto file = TemporaryFile::make("postern-edit-", ".yaml", "");
    if (!file) return failed(file.error());
    std::string problem;
    while (true) {
      if (auto written = file->write(page_of(shown_name(), problem, body)); !written) {
        return failed(written.error());
      }
      if (auto edited = run_editor(context_, file->path()); !edited)
        return keep(*file, edited.error());
      const auto page = proxy::read_file(file->path(), kMaxFile);
      if (!page) return failed(page.error().front().to_string());
      std::string text = without_comments(*page);
      if (text == body) return unchanged(*file, problem);
      const auto stored = store(api_, kind_, name_, text);
      if (stored) {
        context_.out() << shown_name() << " edited\n";
        return {};
      }
      problem = stored.error().message;
      body = std::move(text);
      context_.err() << "error: " << kube::printable(problem) << "\n";
    }
  }

 private:
  /// Before anybody types something that can only be refused.
  Outcome<void> check_origin(const Json& object) const {
    const std::string origin = text_at(object, {"metadata", "annotations", kOrigin});
    if (origin.empty() || origin == "store") return {};
    return tl::unexpected(
        Failure{kDenied, shown_name() + " is given by a " + origin + " and read-only here"});
  }

  std::string shown_name() const { return object_name(kind_, name_); }

  Outcome<void> unchanged(TemporaryFile& file, const std::string& problem) const {
    if (problem.empty()) {
      context_.err() << "Nothing was changed.\n";
      return {};
    }
    return keep(file, {kFailed, "it was refused, and not changed again"});
  }

  static Outcome<void> keep(TemporaryFile& file, Failure failure) {
    file.keep();
    failure.message += "; what you wrote is in " + file.path();
    return tl::unexpected(std::move(failure));
  }

  AccessClient& api_;
  const ObjectKind& kind_;
  std::string name_;
  const Context& context_;
};

}  // namespace

Outcome<void> run_edit(const std::string& word, const Context& context) {
  const auto choices = parse_choices({word});
  if (!choices) return tl::unexpected(choices.error());
  const ObjectChoice& choice = choices->front();
  if (choice.names.empty()) return wrong_usage("say which: " + word + "/NAME");
  if (choice.kind->document.empty()) return wrong_usage("only roles and users can be edited");
  if (const auto editor = editor_of(context.surroundings); !editor) {
    return tl::unexpected(editor.error());  // before there is a file that somebody could look for
  }
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  return Editing(connection->api(), *choice.kind, choice.names.front(), context).run();
}

}  // namespace postern::cli

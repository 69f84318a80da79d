#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/objects/output_format.h"
#include "cli/objects/write_commands.h"
#include "cli/output/yaml.h"
#include "kube/text.h"
#include "proxy/read_file.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <istream>
#include <iterator>
#include <ostream>

namespace postern::cli {
namespace {

constexpr std::size_t kMaxFile = std::size_t{64} * 1024 * 1024;
constexpr int kConflict = 409;

struct Wanted {
  Json object;
  const ObjectKind* kind;
  std::string name;
};

bool is_document(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

/// Of a folder its documents, by name, as kubectl takes them; else the file itself.
Outcome<std::vector<std::string>> files_of(const std::string& given) {
  if (given.starts_with("https://") || given.starts_with("http://")) {
    return wrong_usage(given + ": is not fetched; pipe it in: curl … | postern create -f -");
  }
  std::error_code error;
  if (given == "-" || !std::filesystem::is_directory(given, error)) return std::vector{given};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(given, error)) {
    if (!entry.is_directory(error) && is_document(entry.path())) {
      files.push_back(entry.path().string());
    }
  }
  if (error) return failed(given + ": " + error.message());
  if (files.empty()) return failed(given + ": holds no .yaml, .yml or .json file");
  std::sort(files.begin(), files.end());
  return files;
}

Outcome<std::string> read_input(const Context& context, const std::string& file) {
  if (file == "-") {
    if (context.surroundings.in == nullptr) return std::string();
    return std::string(std::istreambuf_iterator<char>(*context.surroundings.in), {});
  }
  auto text = proxy::read_file(file, kMaxFile);
  if (!text) return failed(text.error().front().to_string());
  return std::move(*text);
}

Outcome<void> collect(const Json& document, const std::string& origin, std::vector<Wanted>& all) {
  if (text_at(document, {"kind"}).ends_with("List") && document.contains("items")) {
    for (const Json& item : find(document, {"items"})) {
      if (auto done = collect(item, origin, all); !done) return done;
    }
    return {};
  }
  auto object = to_api_object(document, origin);
  if (!object) return tl::unexpected(object.error());
  const auto kind = kind_of(*object, origin);
  if (!kind) return tl::unexpected(kind.error());
  std::string name = text_at(*object, {"metadata", "name"});
  all.push_back({std::move(*object), *kind, std::move(name)});
  return {};
}

Outcome<std::vector<Wanted>> collect_all(const CreateArguments& arguments, const Context& context) {
  std::vector<std::string> files;
  for (const std::string& given : arguments.files) {
    const auto found = files_of(given);
    if (!found) return tl::unexpected(found.error());
    files.insert(files.end(), found->begin(), found->end());
  }
  std::vector<Wanted> all;
  for (const std::string& file : files) {
    const std::string origin = file == "-" ? "standard input" : file;
    const auto text = read_input(context, file);
    if (!text) return tl::unexpected(text.error());
    const auto documents = read_yaml(*text, origin);
    if (!documents) return tl::unexpected(documents.error());
    for (const Json& document : *documents) {
      if (auto done = collect(document, origin, all); !done) return tl::unexpected(done.error());
    }
  }
  if (all.empty()) return failed("there is nothing to create");
  return all;
}

struct Stored {
  Json object;
  bool replaced = false;
};

/// Takes the place of the one that is there, whatever its version.
Outcome<Stored> replace(AccessClient& api, Wanted wanted, const QueryList& query) {
  const std::string path = path_of({wanted.kind->resource, wanted.name});
  const auto present = api.get(path);
  if (!present) return tl::unexpected(present.error());
  wanted.object["metadata"]["resourceVersion"] = text_at(*present, {"metadata", "resourceVersion"});
  return api.put(path, wanted.object, query).map([](Json object) {
    return Stored{std::move(object), true};
  });
}

Outcome<Stored> store(AccessClient& api, const Wanted& wanted, const CreateArguments& arguments) {
  QueryList query;
  if (arguments.dry_run) query.emplace_back("dryRun", "All");
  auto created = api.post(std::string(wanted.kind->resource), wanted.object, query);
  if (created) return Stored{std::move(*created)};
  const bool exists = created.error().http_status == kConflict && !wanted.name.empty();
  if (exists && arguments.overwrite) return replace(api, wanted, query);
  if (exists) created.error().message += " (--overwrite replaces it)";
  return tl::unexpected(created.error());
}

void tell(const Context& context, const CreateArguments& arguments, const Wanted& wanted,
          const Stored& stored) {
  const OutputFormat format = output_format(arguments.output);
  if (!is_table(format)) {
    if (format == OutputFormat::kYaml) context.out() << "---\n";
    print_object(context.out(), stored.object, *wanted.kind, format);
    return;
  }
  context.out() << object_name(*wanted.kind, text_at(stored.object, {"metadata", "name"}))
                << (stored.replaced ? " replaced" : " created")
                << (arguments.dry_run ? " (dry run)" : "") << "\n";
}

}  // namespace

Outcome<void> run_create(const CreateArguments& arguments, const Context& context) {
  const auto all = collect_all(arguments, context);
  if (!all) return tl::unexpected(all.error());
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  std::vector<Failure> failures;
  for (const Wanted& wanted : *all) {
    const auto stored = store(connection->api(), wanted, arguments);
    if (stored) {
      tell(context, arguments, wanted, *stored);
      continue;
    }
    failures.push_back(stored.error());
    if (stored.error().http_status == 0) break;  // nobody answers: the others would not be heard
    if (all->size() > 1) {
      context.err() << "error: " << object_name(*wanted.kind, wanted.name) << ": "
                    << kube::printable(stored.error().message) << "\n";
    }
  }
  if (failures.empty()) return {};
  Failure failure = failures.front();
  if (all->size() > 1 && failure.http_status != 0) {
    failure.message = fmt::format("{} of {} documents were refused", failures.size(), all->size());
  }
  return tl::unexpected(failure);
}

}  // namespace postern::cli

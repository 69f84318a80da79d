#include "proxy/access/api/media.h"

#include "kube/text.h"

#include <optional>

namespace postern::proxy::access::api {
namespace {

constexpr std::string_view kYaml = "application/yaml";

bool is_served(kube::Conversion conversion) {
  return conversion != kube::Conversion::kUnknown && conversion != kube::Conversion::kDiscovery;
}

std::optional<Media> serve(const kube::AcceptClause& clause, bool watch) {
  const bool yaml = clause.essence == kYaml && !watch;
  if (!is_served(clause.conversion) || (!yaml && !clause.takes_json())) return std::nullopt;
  Media media;
  media.yaml = yaml;
  media.conversion = clause.conversion;
  if (!clause.version.empty()) media.version = clause.version;
  return media;
}

Result<Media::Include> read_include(std::string_view text) {
  if (text.empty() || text == "Metadata") return Media::Include::kMetadata;
  if (text == "None") return Media::Include::kNone;
  if (text == "Object") return Media::Include::kObject;
  return fail(kube::Status::bad_request("unrecognized includeObject value: " + kube::quoted(text)));
}

}  // namespace

Result<Media> negotiate(std::string_view accept_header, const kube::Query& query, bool watch) {
  const std::string_view accept = accept_header.empty() ? "application/json" : accept_header;
  for (const kube::AcceptClause& clause : kube::parse_accept(accept)) {
    auto media = serve(clause, watch);
    if (!media) continue;
    if (media->is_table()) {
      const auto include = read_include(query.get("includeObject"));
      if (!include) return fail(include.error());
      media->include = *include;
    }
    return std::move(*media);
  }
  return fail(kube::Status::not_acceptable(
      std::string("only the following media types are accepted: application/json") +
      (watch ? ";stream=watch" : ", application/yaml")));
}

}  // namespace postern::proxy::access::api

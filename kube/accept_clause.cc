#include "kube/accept_clause.h"

#include "kube/media_type.h"

#include <algorithm>
#include <optional>

namespace postern::kube {
namespace {

/// Clauses behind these are not looked at: clients have three.
constexpr std::size_t kMaxClauses = 64;
constexpr std::string_view kMetaGroup = "meta.k8s.io";
constexpr std::string_view kDiscoveryGroup = "apidiscovery.k8s.io";

/// RFC 9110 §12.4.2, in thousandths: `0`, `0.5`, `1.000`; nullopt for anything else.
std::optional<int> parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int quality = (text[0] - '0') * 1000;
  int weight = 100;
  for (const char digit : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    quality += (digit - '0') * weight;
    weight /= 10;
  }
  return quality <= 1000 ? std::optional(quality) : std::nullopt;
}

Conversion conversion_of(std::string_view group, std::string_view version, std::string_view kind) {
  if (group.empty() && version.empty() && kind.empty()) return Conversion::kNone;
  if (group == kMetaGroup && (version == "v1" || version == "v1beta1")) {
    if (kind == "Table") return Conversion::kTable;
    if (kind == "PartialObjectMetadata") return Conversion::kPartialObjectMetadata;
    if (kind == "PartialObjectMetadataList") return Conversion::kPartialObjectMetadataList;
  }
  if (group == kDiscoveryGroup && (version == "v2" || version == "v2beta1") &&
      kind == "APIGroupDiscoveryList") {
    return Conversion::kDiscovery;
  }
  return Conversion::kUnknown;
}

std::optional<AcceptClause> parse_clause(std::string_view text) {
  // Java's HttpURLConnection says `*; q=.2`.
  const bool bare_star = text == "*" || text.starts_with("*;");
  const std::string whole = bare_star ? "*/" + std::string(text) : std::string(text);
  const auto media_type = parse_media_type(whole);
  if (!media_type) return std::nullopt;
  const auto value = [&](std::string_view name) {
    return media_type->parameter(name).value_or("");
  };
  AcceptClause clause;
  clause.essence = media_type->essence();
  clause.version = value("v");
  clause.conversion = conversion_of(value("g"), value("v"), value("as"));
  if (value("profile") == "nopeer") clause.profile = "nopeer";
  if (const auto quality = media_type->parameter("q")) {
    const auto number = parse_quality(*quality);
    if (!number) return std::nullopt;
    clause.quality = *number;
  }
  return clause;
}

std::string_view kind_name(Conversion conversion) {
  switch (conversion) {
    case Conversion::kTable:
      return "Table";
    case Conversion::kPartialObjectMetadata:
      return "PartialObjectMetadata";
    case Conversion::kPartialObjectMetadataList:
      return "PartialObjectMetadataList";
    case Conversion::kDiscovery:
      return "APIGroupDiscoveryList";
    default:
      return "";
  }
}

}  // namespace

bool AcceptClause::takes_json() const {
  return essence == "application/json" || essence == "application/*" || essence == "*/*";
}

std::string AcceptClause::with_type(std::string_view type) const {
  std::string out(type);
  const std::string_view kind = kind_name(conversion);
  if (kind.empty()) return out;
  out.append(";as=").append(kind).append(";v=").append(version).append(";g=");
  out.append(conversion == Conversion::kDiscovery ? kDiscoveryGroup : kMetaGroup);
  if (!profile.empty() && conversion == Conversion::kDiscovery) {
    out.append(";profile=").append(profile);
  }
  return out;
}

std::vector<AcceptClause> parse_accept(std::string_view header) {
  std::vector<AcceptClause> clauses;
  auto elements = split_header_list(header);
  elements.resize(std::min(elements.size(), kMaxClauses));
  for (const std::string_view element : elements) {
    auto clause = parse_clause(element);
    if (clause && clause->quality > 0) clauses.push_back(std::move(*clause));
  }
  std::stable_sort(clauses.begin(), clauses.end(),
                   [](const AcceptClause& a, const AcceptClause& b) {
                     if (a.quality != b.quality) return a.quality > b.quality;
                     return !a.is_wildcard() && b.is_wildcard();
                   });
  return clauses;
}

}  // namespace postern::kube

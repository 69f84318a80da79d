#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// A conversion that a clause asks for (`as`, `g`, `v`).
enum class Conversion {
  kNone,
  kTable,
  kPartialObjectMetadata,
  kPartialObjectMetadataList,
  kDiscovery,  ///< aggregated discovery
  kUnknown     ///< none that Kubernetes has
};

/// One clause of an Accept header, as far as Kubernetes looks at it.
struct AcceptClause {
  std::string essence;  ///< "application/json", "*/*", …
  int quality = 1000;   ///< `q` in thousandths
  Conversion conversion = Conversion::kNone;
  std::string version;  ///< of a conversion: v1, v1beta1; v2, v2beta1
  std::string profile;  ///< of discovery: "nopeer", "" for none

  bool is_wildcard() const { return essence.find('*') != std::string::npos; }
  /// Whether JSON answers it.
  bool takes_json() const;
  /// The clause in our own words, with this media type.
  std::string with_type(std::string_view type) const;
};

/// The clauses of an Accept header, best first: by quality, then named types before wildcards, then
/// as they came. Malformed ones and those of quality 0 are left out; `*` is `*/*`.
std::vector<AcceptClause> parse_accept(std::string_view header);

}  // namespace postern::kube

#pragma once

#include "kube/accept_clause.h"
#include "kube/query.h"
#include "kube/result.h"

#include <string>
#include <string_view>

namespace postern::proxy::access::api {

/// How an answer is written.
struct Media {
  enum class Include { kNone, kMetadata, kObject };

  bool yaml = false;
  kube::Conversion conversion = kube::Conversion::kNone;
  std::string version = "v1";            ///< of a conversion's meta.k8s.io
  Include include = Include::kMetadata;  ///< of a Table's rows

  /// The Content-Type of an answer.
  std::string_view content_type() const { return yaml ? "application/yaml" : "application/json"; }
  bool is_table() const { return conversion == kube::Conversion::kTable; }
  bool is_metadata() const {
    return conversion == kube::Conversion::kPartialObjectMetadata ||
           conversion == kube::Conversion::kPartialObjectMetadataList;
  }
};

/// Negotiates by kube-apiserver's rules: the client's first clause that can be served. "" is JSON;
/// YAML does not go with a watch. 406 when nothing can be, 400 for an unknown `includeObject`.
Result<Media> negotiate(std::string_view accept_header, const kube::Query& query, bool watch);

}  // namespace postern::proxy::access::api

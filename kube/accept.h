#pragma once

#include "kube/query.h"
#include "kube/result.h"

#include <string>
#include <string_view>

namespace postern::kube {

/// What will happen to the body that comes back.
struct AcceptContext {
  /// It goes through a filter, which reads JSON only.
  bool filtered = false;
  bool watch = false;
  /// The filter must see whole objects (events, by what they are about), not just metadata.
  bool needs_object = false;
};

/// What to ask upstream for, and what is left to do so that the client gets what it asked for.
struct AcceptPlan {
  /// The Accept header for upstream: our own words, never the client's; never CBOR.
  std::string upstream_accept;
  /// Should a Table come back: as filter::FilterOptions of the same names.
  bool blank_table_objects = false;
  bool reduce_table_objects = false;
};

/// Negotiates by kube-apiserver's rules (negotiation/negotiate.go): clauses by quality, named types
/// before wildcards, those that cannot be served skipped, malformed ones ignored.
///
/// `accept_header` is the client's (its first and only line), "" when absent. Every clause that can
/// be served goes upstream in the client's order, so that a server without tables still answers
/// with a list; the filter is chosen by what comes back. Of conversions only those of meta.k8s.io
/// and apidiscovery.k8s.io exist. Parameters without a meaning there are dropped, `pretty` too.
///
/// Filtered: JSON only, in three forms: lists, `as=Table` and `as=PartialObjectMetadata(List)`;
/// tables of v1beta1 are asked for as v1. Metadata is no help where whole objects are needed and is
/// skipped then. `includeObject` in `query` becomes what the filter needs: Metadata, or Object
/// where the client or needs_object wants it, and goes away when no table is asked for.
///
/// Errors: 406 when nothing that the client takes is left (only protobuf, YAML, CBOR, HTML…); 400
/// for an unknown `includeObject` of a filtered call.
Result<AcceptPlan> plan_accept(std::string_view accept_header, const AcceptContext& context,
                               Query& query);

}  // namespace postern::kube

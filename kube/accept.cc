#include "kube/accept.h"

#include "kube/accept_clause.h"
#include "kube/text.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace postern::kube {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kYaml = "application/yaml";
constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";

Status not_acceptable(const AcceptContext& context) {
  std::string types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
  if (context.filtered) types = context.watch ? "application/json;stream=watch" : kJson;
  return Status::not_acceptable("only the following media types are accepted: " + types);
}

bool is_metadata(Conversion conversion) {
  return conversion == Conversion::kPartialObjectMetadata ||
         conversion == Conversion::kPartialObjectMetadataList;
}

/// Whether a filter can read what answers this clause.
bool can_be_filtered(const AcceptClause& clause, const AcceptContext& context) {
  if (!clause.takes_json()) return false;
  if (is_metadata(clause.conversion)) return !context.needs_object;
  return clause.conversion == Conversion::kNone || clause.conversion == Conversion::kTable;
}

/// Media types that may be asked for on behalf of a client when nothing is filtered.
bool may_be_forwarded(std::string_view essence) {
  constexpr std::array<std::string_view, 13> kTypes = {
      kJson, kYaml, kProtobuf, "application/*", "*/*", "text/plain", "text/*",
      "application/openmetrics-text", "application/jwk-set+json",
      // OpenAPI documents (kube-openapi pkg/handler), in their old spelling and the new one.
      "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
      "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
      "application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
      "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"};
  return std::find(kTypes.begin(), kTypes.end(), essence) != kTypes.end();
}

bool can_be_forwarded(const AcceptClause& clause) {
  switch (clause.conversion) {
    case Conversion::kNone:
      return may_be_forwarded(clause.essence);
    case Conversion::kTable:
      return clause.takes_json() || clause.essence == kYaml;
    case Conversion::kUnknown:
      return false;
    default:
      return clause.takes_json() || clause.essence == kYaml || clause.essence == kProtobuf;
  }
}

/// Joins clauses, each once.
class HeaderList {
 public:
  void add(const std::string& element) {
    if (std::find(elements_.begin(), elements_.end(), element) == elements_.end()) {
      elements_.push_back(element);
    }
  }
  void append(const HeaderList& other) {
    for (const std::string& element : other.elements_) add(element);
  }
  std::string text() const {
    std::string out;
    for (const std::string& element : elements_) {
      if (!out.empty()) out += ',';
      out += element;
    }
    return out;
  }

 private:
  std::vector<std::string> elements_;
};

/// Sets includeObject to what the filter needs, and the plan to what it must undo.
Result<void> plan_table(const AcceptContext& context, Query& query, AcceptPlan& plan) {
  const std::string wanted(query.get("includeObject"));
  if (!wanted.empty() && wanted != "None" && wanted != "Metadata" && wanted != "Object") {
    return fail(Status::bad_request("unrecognized includeObject value: " + quoted(wanted)));
  }
  plan.blank_table_objects = wanted == "None";
  plan.reduce_table_objects = context.needs_object && (wanted.empty() || wanted == "Metadata");
  query.set("includeObject", context.needs_object || wanted == "Object" ? "Object" : "Metadata");
  return {};
}

Result<AcceptPlan> plan_filtered(std::vector<AcceptClause> clauses, const AcceptContext& context,
                                 Query& query) {
  AcceptPlan plan;
  HeaderList upstream;
  bool table = false;
  for (AcceptClause& clause : clauses) {
    if (!can_be_filtered(clause, context)) continue;
    if (clause.conversion == Conversion::kTable) {
      clause.version = "v1";
      table = true;
    }
    upstream.add(clause.with_type(kJson));
  }
  plan.upstream_accept = upstream.text();
  if (plan.upstream_accept.empty()) return fail(not_acceptable(context));
  if (!table) {
    query.erase("includeObject");
    return plan;
  }
  if (auto planned = plan_table(context, query, plan); !planned) return fail(planned.error());
  return plan;
}

/// Named types keep the client's order without qualities. A wildcard stands for JSON, the API
/// server's first choice, in its own place, and besides at the end for whatever is not JSON.
std::string forwarded(const std::vector<AcceptClause>& clauses) {
  HeaderList upstream;
  HeaderList wildcards;
  for (const AcceptClause& clause : clauses) {
    if (!can_be_forwarded(clause)) continue;
    if (!clause.is_wildcard()) {
      upstream.add(clause.with_type(clause.essence));
      continue;
    }
    if (clause.takes_json()) upstream.add(clause.with_type(kJson));
    if (clause.conversion == Conversion::kNone) wildcards.add(clause.essence);
  }
  upstream.append(wildcards);
  return upstream.text();
}

}  // namespace

Result<AcceptPlan> plan_accept(std::string_view accept_header, const AcceptContext& context,
                               Query& query) {
  if (!context.filtered && (accept_header.empty() || accept_header == kJson)) {
    AcceptPlan plan;
    plan.upstream_accept = kJson;
    return plan;
  }
  std::vector<AcceptClause> clauses = parse_accept(accept_header.empty() ? kJson : accept_header);
  if (context.filtered) return plan_filtered(std::move(clauses), context, query);
  AcceptPlan plan;
  plan.upstream_accept = forwarded(clauses);
  if (plan.upstream_accept.empty()) return fail(not_acceptable(context));
  return plan;
}

}  // namespace postern::kube

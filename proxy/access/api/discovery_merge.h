#pragma once

#include "kube/accept_clause.h"
#include "kube/result.h"

#include <optional>
#include <string>
#include <string_view>

/// The access API in the discovery of clusters. Documents are JSON text; pure.
namespace postern::proxy::access::api {

/// metav1.APIGroup, at /apis/access.postern.dev.
std::string api_group_document();
/// metav1.APIResourceList, at /apis/access.postern.dev/v1alpha1.
std::string api_resource_list();

/// A document of discovery or OpenAPI that holds what the cluster and what postern serve.
enum class MergedDocument {
  kGroups,        ///< /apis: aggregated (v2, v2beta1) or an APIGroupList
  kOpenApiIndex,  ///< /openapi/v3
};

/// Which document a path is of; nullopt for all others.
std::optional<MergedDocument> merged_document(std::string_view path);

/// The Accept header to ask a cluster for a document that can be merged: the client's clauses that
/// JSON answers. 406 when there is none.
Result<std::string> merged_accept(std::string_view client_accept);

/// The cluster's document with postern's group in it; whatever the cluster itself says of that
/// group is left out. 502 when it is not such a document.
Result<std::string> merge_document(MergedDocument document, std::string_view cluster_json);

/// The document where there is no cluster to ask, in the form that the client likes best.
Result<std::string> document_alone(MergedDocument document, std::string_view client_accept);

/// The Content-Type of a merged document, by what is in it.
std::string merged_content_type(std::string_view json);

}  // namespace postern::proxy::access::api

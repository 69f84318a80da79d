#pragma once

#include "kube/request_info.h"
#include "kube/result.h"
#include "proxy/access/api/field_check.h"
#include "proxy/access/api/media.h"
#include "proxy/access/api/options.h"
#include "proxy/access/api/presentation.h"
#include "proxy/access/api/resource_finder.h"
#include "proxy/access/state/access_service.h"
#include "proxy/access/state/access_state.h"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// A request to the access API goes three ways: plan_request() on the worker decodes and checks all
/// that needs no state; what it comes to runs on the access thread (or with the worker's finder);
/// the answer is written out on the worker again. So the access thread neither parses nor encodes.
namespace postern::proxy::access::api {

/// A request as the session read it. A value.
struct ApiRequest {
  kube::RequestInfo info;
  std::string content_type;
  std::string accept;
  std::string body;
  Caller caller;
  std::string address;  ///< of the client, without a port
  /// Nobody has been proved: the caller's name is empty, and a login is all that is answered.
  bool anonymous = false;
};

/// What a call gave.
struct Outcome {
  unsigned code = 200;
  /// An object, a list, or a document that is shown as it is.
  std::variant<ObjectPtr, ObjectList, Json> body;
  std::vector<std::string> warnings;
};

/// A read or a write: on the access thread.
struct StateCall {
  std::function<Result<Outcome>(AccessState&)> run;
};
struct LoginCall {  ///< a login by password or invite
  LoginDocument document;
};
struct SearchCall {  ///< asks the clusters for resources
  ResourceQuestion question;
};
struct PreviewCall {  ///< asks the clusters what a request reaches
  std::string name;   ///< of the request
};
struct WatchCall {  ///< an answer that goes on
  const KindInfo* kind = nullptr;
  WatchOptions options;
};
/// What has to be done for a request, and how its answer is to be written.
struct Plan {
  Media media;
  std::vector<std::string> warnings;  ///< for `Warning: 299` fields
  std::variant<StateCall, LoginCall, SearchCall, PreviewCall, WatchCall> call;
};

/// 400, 404, 405, 406, 415, 422 for what is none; 401 for an anonymous request that is no login.
Result<Plan> plan_request(const ApiRequest& request);

/// The request whose preview is asked for, if the caller may see it.
Result<RequestPtr> request_to_preview(const AccessState& state, const Caller& caller,
                                      std::string_view name);

Json search_document(const ResourceAnswer& answer);
Json preview_document(const RequestObject& request, const PreviewAnswer& answer);

}  // namespace postern::proxy::access::api

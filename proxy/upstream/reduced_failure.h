#pragma once

#include "kube/status.h"
#include "proxy/http/message.h"

#include <optional>
#include <string_view>

namespace postern::proxy {

/// What somebody who may not read an object is told of a write to it that failed.
///
/// The API server's words may quote the object: a patch whose result does not decode comes back
/// with all of it (`Invalid value: "{…}"`), validation of pods and volumes with the difference to
/// what is stored, a precondition with the uid in the record. So the code and its reason are kept
/// and the words are not. nullopt where they can only be about the request: no such object, an
/// encoding that is not read, too many requests, or the authorizer's refusal of the one who asks.
///
/// `body` is a 403's, whole; of other codes it is not looked at. Source: apiserver
/// pkg/endpoints/handlers/patch.go, kubernetes pkg/apis/core/validation.
std::optional<kube::Status> reduced_failure(const http::ResponseHead& head, std::string_view body);

}  // namespace postern::proxy

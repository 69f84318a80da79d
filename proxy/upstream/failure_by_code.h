#pragma once

#include "kube/status.h"
#include "proxy/http/message.h"

#include <string_view>

namespace postern::proxy {

/// The metav1.StatusReason of an HTTP status code; "" where Kubernetes has none.
std::string_view reason_of_code(unsigned code);

/// `Retry-After` in seconds, at most an hour; 0 when there is none, or none that is a number.
int retry_after_of(const http::ResponseHead& head);

/// What a client is told of a failure whose body is no Status. What stands in an API server in
/// front of those handlers that know objects answers in plain text: too many requests, a server
/// that is being shut down, a path that is not there (the kind has just been deleted). Clients go
/// by the code, and try again where there is a time for it, so both are kept; the text stays
/// behind.
///
/// 502 for 401, which is about postern's own credential, and for what is no failure at all.
/// Source: apiserver pkg/server/filters/maxinflight.go, pkg/server/filters/with_retry_after.go;
/// the words are client-go's (apimachinery pkg/api/errors, NewGenericServerResponse).
kube::Status failure_by_code(unsigned code, int retry_after_seconds);

/// Whether the words of a Status are about the call as a whole. Those of other failures inside the
/// API server may name an object that it came across, whoever may see it: `unable to transform key
/// "/registry/secrets/dev/root-token"` is what every list is told of a Secret that cannot be
/// decrypted. Source: apiserver pkg/storage/etcd3/store.go, corrupt_obj_deleter.go.
bool is_about_the_call(unsigned code, std::string_view reason);

}  // namespace postern::proxy

#pragma once

#include "proxy/access/state/objects.h"

#include <string>

namespace postern::proxy::access::api {

/// Appends a request as the API shows it, with apiVersion and kind: one line of JSON with its keys
/// sorted. Nothing in it depends on who looks, or when. Pure; on the worker of whoever asked.
void append_request(std::string& out, const RequestObject& object);

}  // namespace postern::proxy::access::api

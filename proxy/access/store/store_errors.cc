#include "proxy/access/store/store_errors.h"

#include <algorithm>
#include <set>
#include <utility>

namespace postern::proxy::access {

namespace {

std::string quoted(std::string_view kind, std::string_view name) {
  return std::string(kind) + " \"" + std::string(name) + "\"";
}

kube::Status about(kube::Status status, std::string_view kind, std::string_view name) {
  status.details_kind = kind;
  status.details_name = name;
  return status;
}

bool is_kind(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= kMaxKindBytes &&
         std::all_of(text.begin(), text.end(), letter);
}

Result<void> check_write(const Write& write) {
  if (!is_kind(write.kind)) {
    return fail(kube::Status::unprocessable("\"" + write.kind + "\" is no kind of the store"));
  }
  if (write.name.empty() || write.name.find('\0') != std::string::npos) {
    return fail(about(kube::Status::unprocessable("the name of a stored " + write.kind +
                                                  " must not be empty or hold a NUL"),
                      write.kind, write.name));
  }
  if (write.name.size() > kMaxNameBytes) {
    return fail(kube::Status::too_large("the name of a " + write.kind + " is longer than " +
                                        std::to_string(kMaxNameBytes) + " bytes"));
  }
  if (write.data.size() > kMaxDataBytes) {
    return fail(about(kube::Status::too_large(quoted(write.kind, write.name) + " is larger than " +
                                              std::to_string(kMaxDataBytes) + " bytes"),
                      write.kind, write.name));
  }
  return {};
}

}  // namespace

kube::Status object_not_found(std::string_view kind, std::string_view name) {
  return about(kube::Status::not_found(quoted(kind, name) + " not found"), kind, name);
}

kube::Status object_exists(std::string_view kind, std::string_view name) {
  kube::Status status = kube::Status::conflict(quoted(kind, name) + " already exists");
  status.reason = "AlreadyExists";
  return about(std::move(status), kind, name);
}

kube::Status object_changed(std::string_view kind, std::string_view name, Version expected,
                            Version found) {
  return about(kube::Status::conflict("Operation cannot be fulfilled on " + quoted(kind, name) +
                                      ": the object has been modified (its version is " +
                                      std::to_string(found) + ", not " + std::to_string(expected) +
                                      "); please apply your changes to the latest version"),
               kind, name);
}

kube::Status version_too_old(Version asked, Version current) {
  return kube::Status::gone("too old resource version: " + std::to_string(asked) + " (" +
                            std::to_string(current) + ")");
}

kube::Status version_too_new(Version asked, Version current) {
  return kube::Status::gone("resource version " + std::to_string(asked) +
                            " is not one of this store, which is at " + std::to_string(current));
}

Result<void> check_precondition(const Write& write, std::optional<Version> found) {
  if (write.action == Write::Action::kCreate) {
    if (found) return fail(object_exists(write.kind, write.name));
    return {};
  }
  if (!found) return fail(object_not_found(write.kind, write.name));
  if (write.expected && *write.expected != *found) {
    return fail(object_changed(write.kind, write.name, *write.expected, *found));
  }
  return {};
}

Result<void> check_writes(const std::vector<Write>& writes) {
  if (writes.size() > kMaxWrites) {
    return fail(
        kube::Status::too_large("more than " + std::to_string(kMaxWrites) + " writes at once"));
  }
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Write& write : writes) {
    if (Result<void> checked = check_write(write); !checked) return checked;
    if (!seen.emplace(write.kind, write.name).second) {
      return fail(about(
          kube::Status::unprocessable(quoted(write.kind, write.name) + " is written twice at once"),
          write.kind, write.name));
    }
  }
  return {};
}

}  // namespace postern::proxy::access

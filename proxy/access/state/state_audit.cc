#include "proxy/access/state/state_impl.h"

#include <algorithm>
#include <iterator>

// Which changes the audit log is told of, and in which words.
namespace postern::proxy::access {
namespace {

struct EventWords {
  std::string_view event;
  std::string_view verb;
  std::string_view resource;
  std::string_view subresource;
};

constexpr EventWords kWords[] = {
    {"accessrequest.create", "create", "accessrequests", ""},
    {"accessrequest.review", "create", "accessrequests", "reviews"},
    {"accessrequest.approve", "update", "accessrequests", ""},
    {"accessrequest.deny", "update", "accessrequests", ""},
    {"accessrequest.revoke", "create", "accessrequests", "reviews"},
    {"accessrequest.delete", "delete", "accessrequests", ""},
    {"accessrequest.expire", "update", "accessrequests", ""},
    {"accessrequest.remove", "delete", "accessrequests", ""},
    {"session.create", "create", "sessions", ""},
    {"session.assume", "create", "sessions", "requests"},
    {"session.drop", "create", "sessions", "requests"},
    {"session.end", "delete", "sessions", ""},
    {"role.create", "create", "accessroles", ""},
    {"role.update", "update", "accessroles", ""},
    {"role.delete", "delete", "accessroles", ""},
    {"user.create", "create", "accessusers", ""},
    {"user.update", "update", "accessusers", ""},
    {"user.delete", "delete", "accessusers", ""},
    {"user.invite", "create", "accessusers", "invite"},
    {"user.reset", "create", "accessusers", "invite"},
    {"invite.redeem", "update", "accessusers", ""},
    {"login.succeed", "create", "sessions", ""},
    {"login.fail", "create", "accessusers", "login"},
};

const EventWords& words_of(std::string_view event) {
  static constexpr EventWords kUnknown{"unknown", "update", "", ""};
  const auto found = std::find_if(std::begin(kWords), std::end(kWords),
                                  [&](const EventWords& words) { return words.event == event; });
  return found == std::end(kWords) ? kUnknown : *found;
}

template <typename T>
bool is_of_file(const std::shared_ptr<const T>& object) {
  return object != nullptr && object->origin == Origin::kFile;
}

}  // namespace

void AccessState::Impl::audit(const Caller& caller, std::string_view event, std::string_view object,
                              std::string_view detail_key, std::string_view detail) const {
  if (!options.audit) return;
  const EventWords& words = words_of(event);
  options.audit({.event = event,
                 .verb = words.verb,
                 .resource = words.resource,
                 .subresource = words.subresource,
                 .name = object,
                 .caller = caller,
                 .detail_key = detail_key,
                 .detail = detail,
                 .time = now()});
}

template <typename T>
void AccessState::Impl::audit_file(std::string_view kind, const std::string& name,
                                   const std::shared_ptr<const T>& before,
                                   const std::shared_ptr<const T>& now) const {
  if (!files_given || (!is_of_file(before) && !is_of_file(now))) return;
  const char* what = before == nullptr ? ".create" : now == nullptr ? ".delete" : ".update";
  audit({}, std::string(kind) + what, name, "file", now != nullptr ? now->file : before->file);
}

template void AccessState::Impl::audit_file(std::string_view, const std::string&, const RolePtr&,
                                            const RolePtr&) const;
template void AccessState::Impl::audit_file(std::string_view, const std::string&, const UserPtr&,
                                            const UserPtr&) const;

}  // namespace postern::proxy::access

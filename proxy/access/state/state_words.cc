#include "kube/forbidden.h"
#include "kube/text.h"
#include "proxy/access/state/state_impl.h"

namespace postern::proxy::access {

kube::Status not_found(std::string_view plural, std::string_view name) {
  return kube::object_not_found(kGroup, plural, name);
}

kube::Status conflict(std::string_view plural, std::string_view name, std::string_view why) {
  kube::Status status = kube::Status::conflict("Operation cannot be fulfilled on " +
                                               kube::group_resource(kGroup, plural) + " " +
                                               kube::quoted(name) + ": " + std::string(why));
  status.details_name = std::string(name);
  status.details_group = std::string(kGroup);
  status.details_kind = std::string(plural);
  return status;
}

kube::Status refused(std::string_view user, std::string_view verb, std::string_view plural,
                     std::string_view name, std::string_view why) {
  kube::RefusedAction action;
  action.user = user;
  action.verb = verb;
  action.group = kGroup;
  action.resource = plural;
  action.name = name;
  return kube::forbidden_status(action, why);
}

Result<void> check_preconditions(const ObjectMeta& meta, const Preconditions& wanted,
                                 std::string_view plural) {
  if (!wanted.uid.empty() && wanted.uid != meta.uid) {
    return fail(conflict(plural, meta.name,
                         "the UID in the precondition (" + wanted.uid +
                             ") is not the UID of the object (" + meta.uid + ")"));
  }
  if (wanted.version && *wanted.version != meta.version) {
    return fail(conflict(plural, meta.name,
                         "the object has been modified; please apply your changes to the latest "
                         "version and try again"));
  }
  return {};
}

}  // namespace postern::proxy::access

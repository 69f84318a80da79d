#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/fields.h"
#include "proxy/access/api/patch.h"
#include "proxy/access/api/plan_parts.h"
#include "proxy/access/api/reading.h"
#include "proxy/access/api/wire_values.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace postern::proxy::access::api {
namespace {

constexpr const char* kOriginAnnotation = "access.postern.dev/origin";

/// Roles and users differ in names only.
struct RoleWrites {
  static constexpr const char* kStoredKind = "role";
  static Result<RolePtr> create(AccessState& state, const Caller& caller, const std::string& text,
                                bool dry_run) {
    return state.create_role(caller, text, dry_run);
  }
  static Result<RolePtr> update(AccessState& state, const Caller& caller, std::string_view name,
                                const std::string& text, const Preconditions& conditions,
                                bool dry_run) {
    return state.update_role(caller, name, text, conditions, dry_run);
  }
  static Result<RolePtr> remove(AccessState& state, const Caller& caller, std::string_view name,
                                const Preconditions& conditions, bool dry_run) {
    return state.delete_role(caller, name, conditions, dry_run);
  }
};

struct UserWrites {
  static constexpr const char* kStoredKind = "user";
  static Result<UserPtr> create(AccessState& state, const Caller& caller, const std::string& text,
                                bool dry_run) {
    return state.create_user(caller, text, dry_run);
  }
  static Result<UserPtr> update(AccessState& state, const Caller& caller, std::string_view name,
                                const std::string& text, const Preconditions& conditions,
                                bool dry_run) {
    return state.update_user(caller, name, text, conditions, dry_run);
  }
  static Result<UserPtr> remove(AccessState& state, const Caller& caller, std::string_view name,
                                const Preconditions& conditions, bool dry_run) {
    return state.delete_user(caller, name, conditions, dry_run);
  }
};

/// The document in the clothes of the files: what postern adds to its metadata taken off.
std::string stored_text(const Json& document, const char* kind) {
  Json stored = {{"kind", kind}, {"metadata", Json::object()}};
  for (const char* key : {"version", "spec"}) {
    if (document.contains(key)) stored[key] = document[key];
  }
  const auto metadata = document.find("metadata");
  if (metadata == document.end()) return json_text(stored);
  for (const char* key : {"name", "description", "labels", "annotations", "expires"}) {
    if (metadata->contains(key)) stored["metadata"][key] = (*metadata)[key];
  }
  if (stored["metadata"].contains("annotations")) {
    stored["metadata"]["annotations"].erase(kOriginAnnotation);
  }
  return json_text(stored);
}

/// Whether requests can name it: those that escape anything else are refused (request_target.h).
/// Who could be made and never be locked or removed is not made.
bool may_stand_in_a_path(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c <= 0x7e; }) &&
         name.find_first_of("\\;?#") == std::string_view::npos;
}

/// What holds for the documents of both kinds before the loader looks at them.
Result<void> check_object(const Json& document, const KindInfo& kind, std::string_view name) {
  std::vector<kube::StatusCause> causes;
  const Fields metadata(document, "metadata", causes);
  const std::string written = metadata.text("name");
  if (written.empty()) {
    causes.push_back(required_value("metadata.name"));
  } else if (!kube::is_path_segment_name(written)) {
    causes.push_back(
        invalid_value("metadata.name", written, "must not have / or %, or be . or .."));
  } else if (!may_stand_in_a_path(written)) {
    causes.push_back(invalid_value("metadata.name", written,
                                   "must be printable ASCII without \\ ; ? and #; others can stand "
                                   "in a file of resources"));
  } else if (!name.empty() && written != name) {
    causes.push_back(invalid_value("metadata.name", written, "is not the name in the path"));
  }
  if (metadata.has("generateName")) {
    causes.push_back(forbidden_value("metadata.generateName", "name it"));
  }
  check_metadata(document, causes);
  if (causes.empty()) return {};
  return fail(invalid(kind.kind, written, std::move(causes)));
}

/// The object with what its loading warned of.
template <typename Pointer>
Result<Outcome> outcome_of(Result<Pointer> object, unsigned code) {
  if (!object) return fail(std::move(object.error()));
  Outcome outcome;
  outcome.code = code;
  outcome.warnings = (*object)->warnings;
  outcome.body = make_object(std::move(*object));
  return outcome;
}

template <typename Writes>
Result<Call> plan_create(Planning& planning) {
  const auto body = planning.body(planning.kind.kind, planning.kind.schema);
  if (!body) return fail(body.error());
  if (auto fits = check_object(*body, planning.kind, ""); !fits) return fail(fits.error());
  return StateCall{[caller = planning.request.caller,
                    text = stored_text(*body, Writes::kStoredKind),
                    dry_run = planning.options.dry_run](AccessState& state) {
    return outcome_of(Writes::create(state, caller, text, dry_run), 201);
  }};
}

template <typename Writes>
Result<Call> plan_update(Planning& planning) {
  const auto body = planning.body(planning.kind.kind, planning.kind.schema);
  if (!body) return fail(body.error());
  if (auto fits = check_object(*body, planning.kind, planning.name()); !fits) {
    return fail(fits.error());
  }
  auto conditions = preconditions_of(*body, planning.kind.kind);
  if (!conditions) return fail(std::move(conditions.error()));
  return StateCall{[caller = planning.request.caller, name = planning.name(),
                    text = stored_text(*body, Writes::kStoredKind), conditions = *conditions,
                    dry_run = planning.options.dry_run](AccessState& state) {
    return outcome_of(Writes::update(state, caller, name, text, conditions, dry_run), 200);
  }};
}

/// Patches what is there now; nothing comes in between, because all of it happens on the access
/// thread.
template <typename Writes>
Result<Outcome> patch_object(AccessState& state, const Caller& caller, const KindInfo& kind,
                             const std::string& name, const Patch& patch,
                             const WriteOptions& options) {
  const auto current = get_object(state, Viewer(state, caller), kind, name);
  if (!current) return fail(current.error());
  auto patched = patch.apply((*current)->document());
  if (!patched) return fail(std::move(patched.error()));
  auto checked = check_document(std::move(*patched), {kind.kind, kind.schema}, options.validation);
  if (!checked) return fail(std::move(checked.error()));
  if (auto fits = check_object(checked->document, kind, name); !fits) {
    return fail(std::move(fits.error()));
  }
  const auto conditions = preconditions_of(checked->document, kind.kind);
  if (!conditions) return fail(conditions.error());
  const std::string text = stored_text(checked->document, Writes::kStoredKind);
  auto outcome =
      outcome_of(Writes::update(state, caller, name, text, *conditions, options.dry_run), 200);
  if (outcome) {
    outcome->warnings.insert(outcome->warnings.end(), checked->warnings.begin(),
                             checked->warnings.end());
  }
  return outcome;
}

template <typename Writes>
Result<Call> plan_patch(Planning& planning) {
  auto patch = Patch::read(planning.request.content_type, planning.request.body);
  if (!patch) return fail(std::move(patch.error()));
  return StateCall{[caller = planning.request.caller, &kind = planning.kind, name = planning.name(),
                    patch = std::move(*patch), options = planning.options](AccessState& state) {
    return patch_object<Writes>(state, caller, kind, name, patch, options);
  }};
}

template <typename Writes>
Result<Call> plan_delete(Planning& planning) {
  auto wish = read_delete(planning.request);
  if (!wish) return fail(std::move(wish.error()));
  return state_call(
      200,
      [caller = planning.request.caller, &kind = planning.kind, name = planning.name(),
       wish = std::move(*wish)](AccessState& state) -> Result<Json> {
        const auto gone = Writes::remove(state, caller, name, wish.preconditions, wish.dry_run);
        if (!gone) return fail(gone.error());
        return deleted_status(kind, (*gone)->meta);
      });
}

template <typename Writes>
Result<Call> plan_writes(Planning& planning) {
  const std::string& verb = planning.request.info.verb;
  if (verb == "create") return plan_create<Writes>(planning);
  if (verb == "update") return plan_update<Writes>(planning);
  return verb == "patch" ? plan_patch<Writes>(planning) : plan_delete<Writes>(planning);
}

Json invite_document(const IssuedInvite& invite) {
  Json json = document_head("AccessInvite", {{"name", invite.user}});
  json["status"] = {{"token", invite.token}, {"expirationTimestamp", time_text(invite.expires)}};
  return json;
}

Result<Call> plan_invite(Planning& planning, const SubresourceInfo& subresource) {
  const auto body = planning.body(subresource.kind, subresource.schema, true);
  if (!body) return fail(body.error());
  std::vector<kube::StatusCause> causes;
  const Fields spec(*body, "spec", causes);
  InviteDocument document{spec.duration("ttl"), spec.flag("reset")};
  if (!causes.empty()) return fail(invalid(subresource.kind, planning.name(), std::move(causes)));
  if (planning.options.dry_run) {
    return fail(kube::Status::bad_request("an invite cannot be made for a trial (dryRun)"));
  }
  return state_call(201,
                    [caller = planning.request.caller, name = planning.name(),
                     document](AccessState& state) -> Result<Json> {
                      const auto invite = state.invite(caller, name, document);
                      if (!invite) return fail(invite.error());
                      return invite_document(*invite);
                    });
}

}  // namespace

Result<Call> plan_access_roles(Planning& planning) {
  return plan_writes<RoleWrites>(planning);
}

Result<Call> plan_access_users(Planning& planning) {
  if (const auto* subresource = planning.kind.subresource(planning.request.info.subresource)) {
    return plan_invite(planning, *subresource);
  }
  return plan_writes<UserWrites>(planning);
}

}  // namespace postern::proxy::access::api

#include "proxy/access/api/kinds.h"

namespace postern::proxy::access::api {
namespace {

Schema labels(std::string description) {
  return map_of(std::move(description), any("A pattern, or a list of them."));
}

Schema resource_rule() {
  return open_object(
      "Objects of kube clusters, and what may be done with them.",
      {{"kind",
        text("v8: a plural, `deployments`; up to v7: a short kind, `deployment`; `*`: all."), true},
       {"api_group", text("v8: the group; \"\" is core, `*` all.")},
       {"namespace", text("A glob, or a regular expression from ^ to $.")},
       {"name", text("A glob, or a regular expression from ^ to $.")},
       {"verbs", texts("get, list, watch, create, update, patch, delete, deletecollection, exec, "
                       "portforward, and the explicit-only proxy, token, approve, bind, escalate, "
                       "finalize; `*`.")}});
}

Schema request_conditions() {
  const Schema threshold = open_object("As many reviews decide.",
                                       {{"name", text("A name for people.")},
                                        {"filter", text("Which reviews count; an expression.")},
                                        {"approve", integer("As many approvals.")},
                                        {"deny", integer("As many denials.")}});
  const Schema kind = open_object("A kind.", {{"kind", text("A plural, or a short kind."), true},
                                              {"api_group", text("The group.")}});
  return open_object(
      "What may be asked for.",
      {{"roles", texts("Roles that may be asked for as a whole.")},
       {"search_as_roles", texts("Roles in whose name resources are searched and asked for.")},
       {"thresholds", list_of("What decides about requests of this role's holders.", threshold)},
       {"suggested_reviewers", texts("Who is asked to review.")},
       {"max_duration", duration("For how long access may be asked for.")},
       {"kubernetes_resources", list_of("Kinds that may be asked for; none: all.", kind)},
       {"annotations", map_of("For reviewers' conditions.", any("Values."))},
       {"reason", open_object("Whether a reason is wanted.",
                              {{"mode", one_of("Is it?", {"required", "optional"})},
                               {"prompt", text("What people are asked.")}})}});
}

Schema conditions(std::string description) {
  const Schema rule = open_object(
      "Rights on postern's own objects.",
      {{"resources", texts("access_request, role, user, session, kube_cluster; `*`."), true},
       {"verbs", texts("read, list, create, update, delete; `*`."), true}});
  return open_object(
      std::move(description),
      {{"kubernetes_labels", labels("Kube clusters by their labels.")},
       {"kubernetes_resources", list_of("What of these clusters.", resource_rule())},
       {"kubernetes_groups", texts("In the name of these groups; a system: group has to be allowed "
                                   "by the configuration.")},
       {"kubernetes_users", texts("In the name of one of these users; none: one's own name.")},
       {"request", request_conditions()},
       {"review_requests",
        open_object("Whose requests may be reviewed.",
                    {{"roles", texts("Those for these roles.")},
                     {"preview_as_roles", texts("Roles in whose name a request is previewed.")},
                     {"where", text("And only if this expression holds.")}})},
       {"rules", list_of("Rights on postern's own objects.", rule)},
       {"node_labels", labels("Nodes by their labels.")},
       {"db_labels", labels("Databases by their labels.")},
       {"app_labels", labels("Applications by their labels.")},
       {"windows_desktop_labels", labels("Desktops by their labels.")},
       {"logins", texts("Names on nodes.")},
       {"db_users", texts("Names in databases.")},
       {"db_names", texts("Databases by name.")},
       {"windows_desktop_logins", texts("Names on desktops.")}});
}

}  // namespace

KindInfo make_access_roles() {
  KindInfo kind;
  kind.resource = "accessroles";
  kind.singular = "accessrole";
  kind.kind = "AccessRole";
  kind.short_names = {"arole"};
  kind.verbs = {"create", "delete", "get", "list", "patch", "update", "watch"};
  kind.selectable_fields = {"metadata.name"};
  kind.columns = {{"Name", "string", "name", "Name of the role.", 0},
                  {"Version", "string", "", "By whose rules it is read.", 0},
                  {"Origin", "string", "", "Where it is kept: store, file or preset.", 0},
                  {"Age", "string", "", "Since when there is the role.", 0},
                  {"Description", "string", "", "What it is for.", 1}};
  kind.schema = document(
      "What somebody may do: with kube clusters, with requests, and with postern itself. Roles "
      "written for Teleport keep their meaning.",
      {{"version", one_of("By whose rules the role is read.", {"v3", "v4", "v5", "v6", "v7", "v8"}),
        true},
       {"spec",
        object("The role.",
               {{"allow", conditions("What it allows.")},
                {"deny", conditions("What it denies, whatever else allows it.")},
                {"options",
                 open_object("How it is used.",
                             {{"max_session_ttl", duration("How long sessions may live.")},
                              {"request_access", one_of("reason: every access request needs one.",
                                                        {"optional", "always", "reason"})},
                              {"request_prompt", text("What people are asked then.")}})}}),
        true}});
  return kind;
}

KindInfo make_access_users() {
  KindInfo kind;
  kind.resource = "accessusers";
  kind.singular = "accessuser";
  kind.kind = "AccessUser";
  kind.short_names = {"auser"};
  kind.verbs = {"create", "delete", "get", "list", "patch", "update", "watch"};
  kind.selectable_fields = {"metadata.name"};
  kind.columns = {{"Name", "string", "name", "The user's final name.", 0},
                  {"Roles", "string", "", "The user's static roles.", 0},
                  {"Locked", "boolean", "", "Whether the user is locked out.", 0},
                  {"Origin", "string", "", "Where it is kept: store or file.", 0},
                  {"Age", "string", "", "Since when there is the user.", 0}};
  kind.schema = document(
      "A person with static roles.",
      {{"version", one_of("The form of the document.", {"v2"})},
       {"spec",
        open_object("The user.", {{"roles", texts("The user's static roles.")},
                                  {"traits", map_of("What roles fill in as {{internal.NAME}} and "
                                                    "{{external.NAME}}.",
                                                    any("Values."))},
                                  {"locked", flag("Locks the user out, sessions included.")}}),
        true}});
  kind.subresources = {
      {"invite",
       "AccessInvite",
       {"create"},
       document("A one-time login for the user.",
                {{"spec", object("What kind of invite.",
                                 {{"ttl", duration("For how long it holds; at most 168h.")},
                                  {"reset", flag("The password counts no more from now on, and the "
                                                 "sessions that it opened end.")}})},
                 {"status", object("The invite; it is shown this once.",
                                   {{"token", text("What to log in with."), true},
                                    {"expirationTimestamp", time("Until when."), true}})}})}};
  return kind;
}

}  // namespace postern::proxy::access::api

#include "proxy/access/api/kinds.h"

namespace postern::proxy::access::api {
namespace {

SubresourceInfo session_requests() {
  return {
      "requests",
      "SessionRequests",
      {"create"},
      document("Changes what the session in use has assumed; its token stays the same.",
               {{"spec",
                 object("The change.", {{"assume", texts("Names of approved requests.")},
                                        {"drop", texts("Names of assumed requests; `*`: all.")}}),
                 true}})};
}

SubresourceInfo refusals() {
  const Schema refusal = object("A refusal.", {{"time", time("When."), true},
                                               {"verb", text("What was tried."), true},
                                               {"resourceId", text("What to ask for.")},
                                               {"message", text("What was answered."), true}});
  return {"refusals",
          "RefusalList",
          {"get"},
          document("What was refused under a session of late.",
                   {{"items", list_of("Oldest first; the newest 64.", refusal), true}})};
}

Schema grants() {
  const Schema grant = object("What a request gives.",
                              {{"request", text("Its name."), true},
                               {"inForce", flag("Whether it counts at present."), true},
                               {"expirationTimestamp", time("When it ends for this session.")},
                               {"message", text("Why it does not count.")}});
  return list_of("What each assumed request gives at present; in answers about one session.",
                 grant);
}

Schema login() {
  return object("Who logs in; the call then needs no other credential.",
                {{"user", text("The user."), true},
                 {"password", text("The password.")},
                 {"invite", text("Or a one-time invite.")},
                 {"newPassword", text("With an invite: the password from now on.")}});
}

}  // namespace

KindInfo make_sessions() {
  KindInfo kind;
  kind.resource = "sessions";
  kind.singular = "session";
  kind.kind = "Session";
  kind.everybodys = true;
  kind.verbs = {"create", "delete", "get", "list", "watch"};
  kind.selectable_fields = {"metadata.name", "status.user"};
  kind.columns = {{"Name", "string", "name", "The session.", 0},
                  {"User", "string", "", "Whose session it is.", 0},
                  {"Requests", "string", "", "What it has assumed.", 0},
                  {"Expires", "string", "", "When it ends.", 0},
                  {"Age", "string", "", "Since when there is the session.", 0},
                  {"Confined", "boolean", "", "Whether it makes parts of itself only.", 1}};
  kind.schema = document(
      "A login: a token for a while, with the approved requests that it has assumed.",
      {{"spec", object("What the session shall be.",
                       {{"login", login()},
                        {"requests", texts("Names of approved requests to assume.")},
                        {"ttl", duration("For how long.")},
                        {"confined", flag("Makes sessions only that are a part of itself.")}})},
       {"status",
        object("What it is.", {{"token", text("The credential; it is shown this once.")},
                               {"user", text("Whose session it is.")},
                               {"groups", texts("The user's groups, as they were proved.")},
                               {"expirationTimestamp", time("When it ends.")},
                               {"requests", texts("What it has assumed.")},
                               {"grants", grants()},
                               {"confined", flag("Makes sessions only that are a part of itself.")},
                               {"parent", text("The session that made it.")}})}});
  kind.subresources = {refusals(), session_requests()};
  return kind;
}

KindInfo make_kube_clusters() {
  KindInfo kind;
  kind.resource = "kubeclusters";
  kind.singular = "kubecluster";
  kind.kind = "KubeCluster";
  kind.short_names = {"kc"};
  kind.everybodys = true;
  kind.verbs = {"get", "list", "watch"};
  kind.selectable_fields = {"metadata.name"};
  kind.columns = {{"Name", "string", "name", "The cluster's name in resource IDs.", 0},
                  {"Ready", "boolean", "", "Whether its kinds are known.", 0},
                  {"Reachable", "boolean", "", "Whether its API server answers.", 0},
                  {"Version", "string", "", "Of its API server.", 0},
                  {"Default", "boolean", "", "Whether it is served at the root.", 0},
                  {"Labels", "string", "", "What roles choose clusters by.", 1}};
  kind.schema =
      document("A kube cluster that postern serves.",
               {{"status", object("What is known of it.",
                                  {{"ready", flag("Whether its kinds are known."), true},
                                   {"reachable", flag("Whether its API server answers."), true},
                                   {"version", text("Of its API server.")},
                                   {"default", flag("Whether it is served at the root.")}})}});
  return kind;
}

KindInfo make_resource_searches() {
  const Schema resource =
      object("An object that may be asked for.", {{"id", text("Its resource ID."), true},
                                                  {"name", text("Its name."), true},
                                                  {"namespace", text("Its namespace.")},
                                                  {"labels", map_of("Its labels.", text(""))}});
  const Schema pattern = object("The objects of a workload, whose names die with a rollout.",
                                {{"id", text("The resource ID of all of them."), true},
                                 {"workload", text("Whose they are."), true}});
  KindInfo kind;
  kind.resource = "resourcesearches";
  kind.singular = "resourcesearch";
  kind.kind = "ResourceSearch";
  kind.verbs = {"create"};
  kind.schema = document(
      "A search for what may be asked for, in the name of the roles in search_as_roles.",
      {{"spec",
        object(
            "What is looked for.",
            {{"kind", text("A short kind, or PLURAL.GROUP."), true},
             {"kubeCluster", text("Where; left out: the default cluster. Not for kube_cluster.")},
             {"namespace", text("In this namespace.")},
             {"allNamespaces", flag("In every namespace.")},
             {"search", texts("Words that the name or labels have.")},
             {"labels", map_of("Labels that it has.", text(""))},
             {"limit", integer("At most so many at once.")},
             {"continue", text("From where the answer before ended.")}}),
        true},
       {"status", object("What was found.",
                         {{"resources", list_of("The objects.", resource)},
                          {"patterns", list_of("Patterns for what workloads make.", pattern)},
                          {"continue", text("There is more: ask again with it.")}})}});
  return kind;
}

}  // namespace postern::proxy::access::api

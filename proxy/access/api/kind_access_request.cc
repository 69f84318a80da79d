#include "proxy/access/api/kinds.h"

namespace postern::proxy::access::api {
namespace {

Schema request_spec() {
  return object(
      "What is asked for. It cannot be changed once the request exists.",
      {{"resources",
        texts("Resource IDs: /CLUSTER/KIND/KUBE_CLUSTER/NAMESPACE/NAME, with globs and "
              "^regular expressions$ in the last two. None: everything that the "
              "roles allow.")},
       {"roles", texts("With resources: the search roles through which they are wanted; none: "
                       "those that reach them. Without: the roles that are wanted.")},
       {"reason", text("Why, for the reviewers.")},
       {"suggestedReviewers", texts("Who is asked to review; none: those that the roles suggest.")},
       {"maxDuration", duration("For how long access is wanted, from now on.")},
       {"requestTTL", duration("For how long the request waits for reviews.")},
       {"sessionTTL", duration("For how long a session that assumes the request lives at most.")},
       {"assumeStartTime", time("Not to be used before this time.")},
       {"user", text("Whose request it is; filled in, and nobody's but one's own.")}});
}

Schema condition() {
  return object(
      "One of what has become of the request.",
      {{"type", one_of("What holds.", {"Approved", "Denied", "Revoked", "Expired", "Resolved"}),
        true},
       {"status", one_of("Always True: what does not hold is not there.", {"True"}), true},
       {"reason", text("Why, in one word."), true},
       {"message", text("Why, in a sentence."), true},
       {"lastTransitionTime", time("Since when."), true}});
}

Schema recorded_review() {
  return object("One person's word.",
                {{"author", text("Who."), true},
                 {"decision", one_of("What.", {"Approve", "Deny"}), true},
                 {"reason", text("Why.")},
                 {"time", time("When."), true},
                 {"assumeStartTime", time("Not to be used before this time.")}});
}

Schema threshold() {
  return object("How many reviews decide.",
                {{"name", text("Its name in the role.")},
                 {"filter", text("Which reviews count; an expression.")},
                 {"approve", integer("As many approvals; 0: none suffice.")},
                 {"deny", integer("As many denials; 0: none suffice.")}});
}

Schema request_status() {
  return object(
      "What has become of it.",
      {{"state", one_of("Where it is.", {"PENDING", "APPROVED", "DENIED", "REVOKED", "EXPIRED"})},
       {"conditions",
        list_of("For kubectl wait --for=condition=Approved; Resolved holds as soon as "
                "any of the others does.",
                condition())},
       {"accessExpires", time("When the access ends.")},
       {"pendingExpires", time("When the request ends without a decision.")},
       {"sessionTTL", duration("How long a session that assumes it may live.")},
       {"assumeStartTime", time("Not to be used before this time.")},
       {"reviews", list_of("The reviews so far.", recorded_review())},
       {"thresholds", list_of("What decides.", threshold())},
       {"effective", any("The rules that an approval gives, frozen when the request was filed.")},
       {"effectiveDigest", text("Names those rules; a review has to carry it.")},
       {"implications", texts("What an approval implies, in sentences, the gravest first.")},
       {"revokedBy", text("Who ended the access.")},
       {"revokeReason", text("Why.")}});
}

SubresourceInfo reviews() {
  return {
      "reviews",
      "AccessReview",
      {"create"},
      document(
          "A person's word on an access request.",
          {{"spec",
            object(
                "The word.",
                {{"decision",
                  one_of("Revoke ends an approved request.", {"Approve", "Deny", "Revoke"}), true},
                 {"reason", text("Why.")},
                 {"uid", text("Of the request that was read: metadata.uid.")},
                 {"effectiveDigest", text("Of the rules that were read: status.effectiveDigest.")},
                 {"assumeStartTime", time("Not to be used before this time.")}}),
            true}})};
}

SubresourceInfo review() {
  return {"review",
          "AccessReviewability",
          {"get"},
          document("Whether the one who asks may review the request.",
                   {{"status", object("The answer.", {{"mayReview", flag("May they?"), true},
                                                      {"why", text("Why not.")}})}})};
}

SubresourceInfo preview() {
  const Schema found = object("An object.", {{"id", text("Its resource ID."), true},
                                             {"name", text("Its name."), true},
                                             {"namespace", text("Its namespace.")}});
  return {"preview",
          "ResourcePreview",
          {"get"},
          document("What the request's resource IDs match at the moment, as far as the roles in "
                   "preview_as_roles let the one who asks see it.",
                   {{"status",
                     object("The answer.", {{"resources", list_of("What was found.", found)},
                                            {"truncated", flag("There are more.")},
                                            {"errors", texts("What could not be looked at.")}})}})};
}

}  // namespace

KindInfo make_access_requests() {
  KindInfo kind;
  kind.resource = "accessrequests";
  kind.singular = "accessrequest";
  kind.kind = "AccessRequest";
  kind.short_names = {"ar"};
  kind.everybodys = true;
  kind.verbs = {"create", "delete", "get", "list", "watch"};
  kind.selectable_fields = {"metadata.name", "spec.user", "status.state", "status.reviewable"};
  kind.columns = {{"Name", "string", "name", "Name of the request.", 0},
                  {"User", "string", "", "Whose request it is.", 0},
                  {"Roles", "string", "", "The roles that it would give.", 0},
                  {"Resources", "string", "", "What it is confined to.", 0},
                  {"State", "string", "", "What has become of it.", 0},
                  {"Expires", "string", "", "When it ends in this state.", 0},
                  {"Age", "string", "", "Since when there is the request.", 0},
                  {"Reason", "string", "", "Why.", 1},
                  {"Reviewers", "string", "", "Who reviewed it, or is asked to.", 1}};
  kind.schema = document(
      "A request for access: filed by a person, decided by others, and assumed in a session.",
      {{"spec", request_spec(), true}, {"status", request_status()}});
  kind.subresources = {preview(), review(), reviews()};
  return kind;
}

}  // namespace postern::proxy::access::api

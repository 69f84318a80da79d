#include "cli/imagined_request.h"

#include "kube/percent.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace postern::cli {
namespace {

using Imagined = tl::expected<ImaginedRequest, std::string>;

struct Verb {
  std::string_view name;
  std::string_view method;
  enum class Name { kRequired, kOptional, kInBody, kNone } takes_name;
};
constexpr auto kVerbs = std::to_array<Verb>({
    {"get", "GET", Verb::Name::kRequired},
    {"list", "GET", Verb::Name::kOptional},
    {"watch", "GET", Verb::Name::kOptional},
    {"create", "POST", Verb::Name::kInBody},
    {"update", "PUT", Verb::Name::kRequired},
    {"patch", "PATCH", Verb::Name::kRequired},
    {"delete", "DELETE", Verb::Name::kRequired},
    {"deletecollection", "DELETE", Verb::Name::kNone},
});

/// Rule verbs that are a subresource to Kubernetes.
Question without_rule_verbs(Question question) {
  if (question.verb == "exec" || question.verb == "portforward") {
    question.subresource = std::exchange(question.verb, "create");
  }
  return question;
}

/// The path of the kind, or of the object when the name belongs into it.
std::string path_of(const Question& question, bool with_name) {
  const kube::ApiResource& kind = question.resource;
  std::string path = kind.group.empty() ? "/api/" : "/apis/" + kind.group + "/";
  path += kind.version;
  if (!question.namespace_.empty()) {
    path += "/namespaces/" + kube::encode_path_segment(question.namespace_);
  }
  path += "/" + kind.resource;
  if (with_name) path += "/" + kube::encode_path_segment(question.name);
  if (!question.subresource.empty()) {
    path += "/" + kube::encode_path_segment(question.subresource);
  }
  return path;
}

std::string problem_of(const Question& question, const Verb& verb) {
  const bool name = !question.name.empty();
  const std::string verb_name(verb.name);
  if (!question.namespace_.empty() && !question.resource.namespaced) {
    return question.resource.resource + " are not in namespaces; leave -n out";
  }
  if (question.namespace_.empty() && question.resource.namespaced &&
      verb.takes_name != Verb::Name::kOptional) {
    return verb_name + " needs a namespace (-n)";
  }
  if (!name && (verb.takes_name == Verb::Name::kRequired || !question.subresource.empty())) {
    return verb_name + " needs a name: " + question.resource.resource + "/NAME";
  }
  if (!name && verb.takes_name == Verb::Name::kInBody) {
    return "what may be created is decided by its name: " + question.resource.resource + "/NAME";
  }
  if (name && verb.takes_name == Verb::Name::kNone) return verb_name + " takes no name";
  return {};
}

}  // namespace

Imagined imagine_request(const Question& asked) {
  const Question question = without_rule_verbs(asked);
  const auto* const verb = std::find_if(
      kVerbs.begin(), kVerbs.end(), [&](const Verb& known) { return known.name == question.verb; });
  if (verb == kVerbs.end()) return tl::unexpected("unknown verb " + question.verb);
  if (auto problem = problem_of(question, *verb); !problem.empty()) {
    return tl::unexpected(std::move(problem));
  }
  const bool name_in_path =
      verb->takes_name == Verb::Name::kRequired || !question.subresource.empty();
  ImaginedRequest request{std::string(verb->method), path_of(question, name_in_path), {}, {}};
  std::string query;
  if (verb->name == "watch") query = "watch=true";
  if (verb->takes_name == Verb::Name::kOptional && !question.name.empty()) {
    query += query.empty() ? "" : "&";
    query += "fieldSelector=" + kube::encode_query_component("metadata.name=" + question.name);
  }
  if (!query.empty()) request.target += "?" + query;

  auto info = kube::parse_request_info(request.method, request.target);
  if (!info) return tl::unexpected(info.error().message);
  request.info = std::move(*info);
  if (request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    kube::BodyFacts facts;
    facts.api_version = question.resource.group.empty()
                            ? question.resource.version
                            : question.resource.group + "/" + question.resource.version;
    facts.kind = question.resource.kind;
    facts.name = question.name;
    facts.namespace_ = question.namespace_;
    request.facts = std::move(facts);
  }
  return request;
}

}  // namespace postern::cli

#include "cli/shell/candidates.h"

#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/profile/profile_store.h"
#include "cli/shell/help_topics.h"
#include "rbac/resource_id.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace postern::cli {
namespace {

/// Nobody waits long for a tab.
constexpr const char* kPatience = "2s";

std::string description_of(const Json& object) {
  const std::string state = text_at(object, {"status", "state"});
  if (state.empty()) return text_at(object, {"status", "user"});
  return text_at(object, {"spec", "user"}) + ", " + state;
}

/// Which objects a command is about.
struct Source {
  std::string resource;
  std::string fields = {};  ///< a field selector
  bool own = false;         ///< requests of one's own
};

/// Names of a resource's objects; none when the proxy cannot be asked.
std::vector<Candidate> names_from(const Source& source, const Context& context,
                                  const std::string& prefix = "") {
  std::ostringstream silence;
  Surroundings surroundings = {silence, silence, context.surroundings.home,
                               context.surroundings.kubeconfig, nullptr};
  surroundings.environment = context.surroundings.environment;
  surroundings.called_as = context.surroundings.called_as;
  GlobalOptions options = context.options;
  options.timeout = kPatience;
  std::vector<Candidate> names;
  const auto connection = connect({surroundings, options});
  if (!connection) return names;
  const auto list = connection->api().list(source.resource, {{"fieldSelector", source.fields}});
  if (!list) return names;
  const std::string user = source.own && connection->profile ? connection->profile->user : "";
  for (const Json& item : find(*list, {"items"})) {
    if (!user.empty() && text_at(item, {"spec", "user"}) != user) continue;
    names.push_back({prefix + text_at(item, {"metadata", "name"}), description_of(item)});
  }
  return names;
}

std::vector<Candidate> names_of(const std::string& resource, const Context& context) {
  return names_from({resource}, context);
}

std::vector<Candidate> proxies(const Context& context) {
  std::vector<Candidate> names;
  const auto profiles = ProfileStore(context.surroundings).load_all();
  if (!profiles) return names;
  for (const Profile& profile : *profiles) names.push_back({profile.proxy, profile.user});
  return names;
}

std::vector<Candidate> short_kinds() {
  std::vector<Candidate> kinds{{"kube_cluster", ""}};
  for (const rbac::ShortKind& kind : rbac::short_kinds()) {
    kinds.push_back({std::string(kind.name), ""});
  }
  return kinds;
}

/// The words in the braces of a type like `TEXT:{json,yaml}`.
std::vector<Candidate> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  std::vector<Candidate> choices;
  if (open == std::string::npos || close == std::string::npos) return choices;
  std::istringstream words(type.substr(open + 1, close - open - 1));
  for (std::string word; std::getline(words, word, ',');) choices.push_back({word, ""});
  return choices;
}

/// KIND, KIND/NAME or KIND NAME.
std::vector<Candidate> object_words(const std::vector<std::string>& words,
                                    const std::string& current, const Context& context) {
  const std::size_t slash = current.find('/');
  if (slash != std::string::npos) {
    const auto kind = find_object_kind(current.substr(0, slash));
    return kind
               ? names_from({std::string((*kind)->resource)}, context, current.substr(0, slash + 1))
               : std::vector<Candidate>();
  }
  if (!words.empty() && words.front().find('/') == std::string::npos) {
    const auto kind = find_object_kind(words.front());
    return kind ? names_of(std::string((*kind)->resource), context) : std::vector<Candidate>();
  }
  std::vector<Candidate> kinds;
  for (const ObjectKind& kind : object_kinds()) {
    kinds.push_back({std::string(kind.word), std::string(kind.kind)});
  }
  return kinds;
}

}  // namespace

std::vector<Candidate> option_candidates(const CLI::Option& option, const Context& context) {
  const std::string name = option.get_name();
  if (auto choices = choices_of(option); !choices.empty()) return choices;
  if (name == "--proxy") return proxies(context);
  if (name == "--kind") return short_kinds();
  if (name == "--kube-cluster") return names_of("kubeclusters", context);
  if (name == "--request-id") return names_of("accessrequests", context);
  if (name == "--roles") return names_of("accessroles", context);
  if (name == "--reviewers") return names_of("accessusers", context);
  return {};
}

bool takes_file(const CLI::Option& option) {
  const std::string name = option.get_name();
  return name.ends_with("-file") || name == "--filename" || name == "-f,--filename" ||
         name == "--cert" || name == "--key" || name == "--kubeconfig" || name == "--config";
}

std::vector<Candidate> word_candidates(const std::string& command,
                                       const std::vector<std::string>& words,
                                       const std::string& current, const Context& context) {
  if (command == "get" || command == "rm" || command == "edit") {
    return object_words(words, current, context);
  }
  if (command == "help") {
    std::vector<Candidate> topics;
    for (const HelpTopic& topic : help_topics()) topics.push_back({topic.name, topic.title});
    return topics;
  }
  static const std::map<std::string, Source> kSources = {
      {"request show", {"accessrequests", "status.state!=EXPIRED"}},
      {"request review", {"accessrequests", "status.reviewable=true"}},
      {"request assume", {"accessrequests", "status.state=APPROVED", true}},
      {"request drop", {"accessrequests", "status.state=APPROVED", true}},
      {"request revoke", {"accessrequests", "status.state=APPROVED"}},
      {"kube login", {"kubeclusters"}},
      {"users rm", {"accessusers"}},
      {"users lock", {"accessusers"}},
      {"users unlock", {"accessusers"}},
      {"users invite", {"accessusers"}},
      {"users reset", {"accessusers"}},
      {"users update", {"accessusers"}},
      {"sessions rm", {"sessions"}}};
  const auto source = kSources.find(command);
  return source == kSources.end() ? std::vector<Candidate>() : names_from(source->second, context);
}

}  // namespace postern::cli

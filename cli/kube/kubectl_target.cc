#include "cli/kube/kubectl_target.h"

#include "cli/client/http_client.h"
#include "cli/kubeconfig/edit_kubeconfig.h"
#include "kube/percent.h"
#include "kube/text.h"

namespace postern::cli {
namespace {

/// Takes `--name VALUE` and `--name=VALUE`.
Outcome<bool> take_option(const std::string& name, const std::vector<std::string>& arguments,
                          std::size_t& at, std::string& value) {
  const std::string& word = arguments[at];
  if (word.starts_with(name + "=")) {
    value = word.substr(name.size() + 1);
    return true;
  }
  if (word != name) return false;
  if (at + 1 == arguments.size()) return wrong_usage("kubectl's " + name + " needs a value");
  value = arguments[++at];
  return true;
}

std::string without_slash(std::string url) {
  while (url.ends_with("/")) url.pop_back();
  return url;
}

}  // namespace

Outcome<KubectlWords> split_kubectl_words(const std::vector<std::string>& arguments) {
  KubectlWords words;
  std::size_t at = 0;
  for (; at < arguments.size() && arguments[at] != "--"; ++at) {
    const auto config = take_option("--kubeconfig", arguments, at, words.kubeconfig);
    if (!config) return tl::unexpected(config.error());
    if (*config) continue;
    const auto context = take_option("--context", arguments, at, words.context);
    if (!context) return tl::unexpected(context.error());
    if (!*context) words.arguments.push_back(arguments[at]);
  }
  words.arguments.insert(words.arguments.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at),
                         arguments.end());
  return words;
}

Outcome<KubectlTarget> choose_target(const Json& kubeconfig, const std::string& context,
                                     const std::string& url, const std::string& cluster) {
  const std::string name = context.empty() ? text_at(kubeconfig, {"current-context"}) : context;
  const Json& chosen = named_entry(kubeconfig, "contexts", name, "context");
  if (!context.empty() && chosen.is_null()) {
    return wrong_usage("the kubeconfig has no context \"" + context + "\"");
  }
  const Json& entry = named_entry(kubeconfig, "clusters", text_at(chosen, {"cluster"}), "cluster");
  const std::string server = without_slash(text_at(entry, {"server"}));
  const bool ours = kube::ascii_lower(authority_of(server)) == authority_of(url);
  KubectlTarget target;
  if (ours) {
    target = {server, text_at(chosen, {"namespace"})};
  } else if (!context.empty()) {
    return wrong_usage("the context \"" + context + "\" does not lead to " + authority_of(url) +
                       "; make one with: postern kube login CLUSTER");
  } else {
    target.server = url;
  }
  if (!cluster.empty()) target.server = url + "/clusters/" + kube::encode_path_segment(cluster);
  return target;
}

}  // namespace postern::cli

#include "cli/shell/help_topics.h"

namespace postern::cli {

const std::vector<HelpTopic>& help_topics() {
  static const std::vector<HelpTopic> kTopics = {
      {"exit-codes", "What exit codes mean", R"(Exit codes

    0  done
    1  failed: the proxy could not be reached, an object does not exist, …
    2  wrong usage, or a configuration that is wrong
    3  denied: the proxy or a reviewer said no, or `auth can-i` answers no
    5  timed out waiting
  130  interrupted by Ctrl-C; a request that was filed stays pending

`postern kubectl` ends with kubectl's exit code, unless the request that it filed was denied (3), not
decided in time (5), or the wait for it interrupted (130).
)"},
      {"environment", "Variables and files", R"(Environment

  POSTERN_PROXY       HOST:PORT of the proxy, like --proxy
  POSTERN_HOME        where profiles are kept, instead of ~/.postern
  POSTERN_NO_REQUEST  not empty: `postern kubectl` asks for nothing
  POSTERN_EDITOR, VISUAL, EDITOR
                      the editor of `postern edit`
  KUBECONFIG          the kubeconfig of `postern kube login` and `postern kubectl`
  HTTPS_PROXY, NO_PROXY
                      the way to the proxy, as curl has it
  NO_COLOR            not empty: no colours; CLICOLOR_FORCE: always

Files

  ~/.postern/config.json  {"current": "HOST:PORT", "requestOnRefusal": true}
  ~/.postern/HOST_PORT.proxy.json
                          a proxy: how to know it, and the session's token
)"},
      {"resource-ids", "How to name what you ask for", R"(Resource IDs

  /CLUSTER/KIND/KUBE_CLUSTER/NAMESPACE/NAME   an object in a namespace
  /CLUSTER/KIND/KUBE_CLUSTER/NAME             a cluster-scoped object
  /CLUSTER/namespace/KUBE_CLUSTER/NAME        everything in a namespace
  /CLUSTER/kube_cluster/NAME                  a whole cluster

KIND is a short kind (pod, secret, deployment, …) or PLURAL.GROUP. NAMESPACE and NAME may be globs
with *, or regular expressions that begin with ^ and end with $. `postern request search` prints them.
)"},
  };
  return kTopics;
}

}  // namespace postern::cli

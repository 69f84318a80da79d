#include "rbac/resource_id.h"

#include "kube/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern::rbac {
namespace {

constexpr std::string_view kRbacGroup = "rbac.authorization.k8s.io";
constexpr std::array<std::string_view, 4> kOtherKinds = {"node", "db", "app", "windows_desktop"};
constexpr std::string_view kKubeCluster = "kube_cluster";

bool is_plural(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_group(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == '.' || is_plural({&c, 1});
         });
}

tl::unexpected<kube::Status> bad_id(std::string_view text, const std::string& fault) {
  return fail(kube::Status::bad_request("resource ID " + kube::quoted(text) + ": " + fault));
}

/// What stands behind the last slash; the slash and it are taken off `rest`. nullopt without one.
std::optional<std::string_view> take_last(std::string_view& rest) {
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view last = rest.substr(slash + 1);
  rest = rest.substr(0, slash);
  return last;
}

}  // namespace

const std::vector<ShortKind>& short_kinds() {
  static const std::vector<ShortKind> kinds = {
      {"pod", "", "pods", true},
      {"secret", "", "secrets", true},
      {"configmap", "", "configmaps", true},
      {"namespace", "", "namespaces", false},
      {"service", "", "services", true},
      {"serviceaccount", "", "serviceaccounts", true},
      {"kube_node", "", "nodes", false},
      {"persistentvolume", "", "persistentvolumes", false},
      {"persistentvolumeclaim", "", "persistentvolumeclaims", true},
      {"deployment", "apps", "deployments", true},
      {"replicaset", "apps", "replicasets", true},
      {"statefulset", "apps", "statefulsets", true},
      {"daemonset", "apps", "daemonsets", true},
      {"clusterrole", kRbacGroup, "clusterroles", false},
      {"kube_role", kRbacGroup, "roles", true},
      {"clusterrolebinding", kRbacGroup, "clusterrolebindings", false},
      {"rolebinding", kRbacGroup, "rolebindings", true},
      {"cronjob", "batch", "cronjobs", true},
      {"job", "batch", "jobs", true},
      {"certificatesigningrequest", "certificates.k8s.io", "certificatesigningrequests", false},
      {"ingress", "networking.k8s.io", "ingresses", true},
  };
  return kinds;
}

const ShortKind* find_short_kind(std::string_view name) {
  const auto& kinds = short_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const ShortKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

const ShortKind* find_short_kind(std::string_view group, std::string_view plural) {
  const auto& kinds = short_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const ShortKind& kind) {
    return kind.group == group && kind.plural == plural;
  });
  return found == kinds.end() ? nullptr : &*found;
}

/// One parse: the pieces of the text, and the ID that they become.
class ResourceIdParser {
 public:
  explicit ResourceIdParser(std::string_view text) : text_(text) {}

  Result<ResourceId> parse() {
    if (auto split = split_front(); !split) {
      return fail(split.error());
    }
    if (id_.kind_ == kKubeCluster) {
      return whole_cluster();
    }
    if (std::find(kOtherKinds.begin(), kOtherKinds.end(), id_.kind_) != kOtherKinds.end()) {
      return other();
    }
    return kube_object();
  }

 private:
  tl::unexpected<kube::Status> bad(const std::string& fault) { return bad_id(text_, fault); }

  /// `/CLUSTER/KIND/` off the front; what is left is `rest_`.
  Result<void> split_front() {
    if (!kube::is_printable(text_)) {
      return bad("has control characters or is not UTF-8");
    }
    if (!text_.starts_with('/')) {
      return bad("does not begin with /");
    }
    rest_ = text_.substr(1);
    for (std::string* piece : {&id_.cluster_, &id_.kind_}) {
      const std::size_t slash = rest_.find('/');
      if (slash == std::string_view::npos) {
        return bad("needs at least /CLUSTER/KIND/NAME");
      }
      *piece = rest_.substr(0, slash);
      rest_.remove_prefix(slash + 1);
    }
    if (id_.cluster_.empty() || id_.kind_.empty()) {
      return bad(id_.cluster_.empty() ? "has no cluster" : "has no kind");
    }
    return rest_.empty() ? Result<void>(bad("has no name")) : Result<void>();
  }

  Result<ResourceId> whole_cluster() {
    id_.scope_ = ResourceId::Scope::kKubeCluster;
    id_.kube_cluster_ = rest_;
    id_.name_ = Pattern::literal(rest_);
    return std::move(id_);
  }

  Result<ResourceId> other() {
    id_.scope_ = ResourceId::Scope::kOther;
    id_.name_ = Pattern::literal(rest_);
    return std::move(id_);
  }

  Result<ResourceId> kube_object() {
    bool namespaced = false;
    if (const ShortKind* kind = find_short_kind(id_.kind_)) {
      id_.group_ = kind->group;
      id_.plural_ = kind->plural;
      namespaced = kind->namespaced;
    } else if (auto split = split_kind(); !split) {
      return fail(split.error());
    } else {
      namespaced = std::count(rest_.begin(), rest_.end(), '/') >= 2;
    }
    id_.scope_ = namespaced ? ResourceId::Scope::kNamespaced : ResourceId::Scope::kClusterScoped;
    if (auto name = take_pattern("name", id_.name_); !name) {
      return fail(name.error());
    }
    if (namespaced) {
      if (auto space = take_pattern("namespace", id_.namespace_); !space) {
        return fail(space.error());
      }
    }
    if (rest_.empty()) {
      return bad("has no kube cluster");
    }
    id_.kube_cluster_ = rest_;
    return std::move(id_);
  }

  /// `PLURAL.GROUP` of the kind.
  Result<void> split_kind() {
    const std::string_view kind = id_.kind_;
    const std::size_t dot = kind.find('.');
    if (dot == std::string_view::npos || !is_plural(kind.substr(0, dot)) ||
        !is_group(kind.substr(dot + 1))) {
      return bad("unknown kind " + kube::quoted(kind) +
                 ": one of the short kinds (pod, secret, …) or PLURAL.GROUP is wanted");
    }
    id_.plural_ = kind.substr(0, dot);
    id_.group_ = kind.substr(dot + 1) == "core" ? "" : kind.substr(dot + 1);
    if (const ShortKind* known = find_short_kind(id_.group_, id_.plural_)) {
      // One name for a thing: what compares IDs, and people, need no second spelling.
      return bad("the kind " + kube::quoted(kind) + " is written " + std::string(known->name));
    }
    return {};
  }

  /// The last segment of `rest_` as a pattern.
  Result<void> take_pattern(const char* what, Pattern& into) {
    const auto segment = take_last(rest_);
    if (!segment || segment->empty()) {
      return bad(std::string("has no ") + what);
    }
    auto pattern = Pattern::compile(*segment);
    if (!pattern) {
      return bad(std::string(what) + " " + pattern.error().message + " (byte " +
                 std::to_string(pattern.error().offset) + ")");
    }
    into = std::move(*pattern);
    return {};
  }

  std::string_view text_;
  std::string_view rest_;
  ResourceId id_;
};

Result<ResourceId> ResourceId::parse(std::string_view text) {
  return ResourceIdParser(text).parse();
}

std::string ResourceId::str() const {
  std::string text = "/" + cluster_ + "/" + kind_ + "/";
  if (scope_ == Scope::kNamespaced || scope_ == Scope::kClusterScoped) {
    text += kube_cluster_ + "/";
  }
  if (scope_ == Scope::kNamespaced) {
    text += namespace_.text() + "/";
  }
  return text + name_.text();
}

std::string resource_id_text(std::string_view cluster, std::string_view kube_cluster,
                             const IdObject& object) {
  std::string text = "/" + std::string(cluster) + "/";
  if (const ShortKind* kind = find_short_kind(object.group, object.plural)) {
    text += kind->name;
  } else {
    text += object.plural;
    text += ".";
    text += object.group.empty() ? "core" : object.group;
  }
  text.append("/").append(kube_cluster).append("/");
  if (object.namespaced) {
    text.append(object.namespace_).append("/");
  }
  return text.append(object.name);
}

}  // namespace postern::rbac

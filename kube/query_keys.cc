#include "kube/query_keys.h"

#include <algorithm>
#include <array>
#include <span>

namespace postern::kube {
namespace {

using Keys = std::span<const std::string_view>;

constexpr std::array<std::string_view, 1> kEveryRequest = {"timeout"};
constexpr std::array<std::string_view, 4> kNonResource = {"exclude", "hash", "timeout", "verbose"};
constexpr std::array<std::string_view, 2> kGet = {"includeObject", "resourceVersion"};
constexpr std::array<std::string_view, 11> kList = {"allowWatchBookmarks",
                                                    "continue",
                                                    "fieldSelector",
                                                    "includeObject",
                                                    "labelSelector",
                                                    "limit",
                                                    "resourceVersion",
                                                    "resourceVersionMatch",
                                                    "sendInitialEvents",
                                                    "timeoutSeconds",
                                                    "watch"};
constexpr std::array<std::string_view, 3> kWrite = {"dryRun", "fieldManager", "fieldValidation"};
constexpr std::array<std::string_view, 4> kPatch = {"dryRun", "fieldManager", "fieldValidation",
                                                    "force"};
constexpr std::array<std::string_view, 4> kDelete = {"dryRun", "gracePeriodSeconds",
                                                     "orphanDependents", "propagationPolicy"};
constexpr std::array<std::string_view, 12> kDeleteCollection = {
    "continue",          "dryRun",
    "fieldSelector",     "gracePeriodSeconds",
    "labelSelector",     "limit",
    "orphanDependents",  "propagationPolicy",
    "resourceVersion",   "resourceVersionMatch",
    "sendInitialEvents", "timeoutSeconds"};
constexpr std::array<std::string_view, 6> kExec = {"command", "container", "stderr",
                                                   "stdin",   "stdout",    "tty"};
constexpr std::array<std::string_view, 5> kAttach = {"container", "stderr", "stdin", "stdout",
                                                     "tty"};
constexpr std::array<std::string_view, 1> kPortForward = {"ports"};
constexpr std::array<std::string_view, 10> kLog = {
    "container",  "follow",   "insecureSkipTLSVerifyBackend",
    "limitBytes", "previous", "sinceSeconds",
    "sinceTime",  "stream",   "tailLines",
    "timestamps"};

constexpr std::array<Keys, 12> kEveryTable = {
    kEveryRequest, kNonResource,      kGet,  kList,   kWrite,       kPatch,
    kDelete,       kDeleteCollection, kExec, kAttach, kPortForward, kLog};

bool contains(Keys keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

Keys keys_of(const RequestInfo& info) {
  if (info.subresource == "exec") return kExec;
  if (info.subresource == "attach") return kAttach;
  if (info.subresource == "portforward") return kPortForward;
  if (info.subresource == "log") return kLog;
  if (info.verb == "get") return kGet;
  if (info.verb == "list" || info.verb == "watch") return kList;
  if (info.verb == "create" || info.verb == "update") return kWrite;
  if (info.verb == "patch") return kPatch;
  if (info.verb == "delete") return kDelete;
  return kDeleteCollection;
}

}  // namespace

bool is_known_query_key(std::string_view key) {
  return std::any_of(kEveryTable.begin(), kEveryTable.end(),
                     [&](Keys keys) { return contains(keys, key); });
}

bool takes_query_key(const RequestInfo& info, std::string_view key) {
  if (!info.is_resource_request) return contains(kNonResource, key);
  return contains(kEveryRequest, key) || contains(keys_of(info), key);
}

}  // namespace postern::kube

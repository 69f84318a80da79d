#pragma once

#include "proxy/access/kubernetes/seal.h"
#include "proxy/access/store/object_store.h"

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy::access {

inline constexpr std::string_view kStoreGroup = "store.postern.dev";
inline constexpr std::string_view kStoreVersion = "v1alpha1";

/// How a kind of the store is kept: `accessrequest` as AccessRequest, `accessrequests`.
struct ResourceKind {
  std::string kind;      ///< of the store
  std::string resource;  ///< plural
  std::string kubernetes_kind;
};

/// What kubectl shows of an object; postern itself never reads it. Keys of the CRD's `summary`.
using Summary = std::map<std::string, std::string>;

/// An object of the store as the API server has it. `spec`:
///
///     name: alice@example.com     what it is called in the store
///     data: "{…}"                 as the store was given it
///     encoding: base64            of data, where it is not UTF-8; nameEncoding likewise
///     removed: true               it is no more: what is left is about to be deleted
///     nonce: …                    of this write
///     seal: …                     see Sealer
///     summary: {…}
struct CustomResource {
  std::string object_name;  ///< metadata.name
  std::string uid;
  std::uint64_t generation = 0;
  Version version = 0;  ///< metadata.resourceVersion

  std::string name;
  std::string data;
  bool removed = false;
  std::string nonce;
  std::string seal;

  /// What its seal is about.
  SealedState state(std::string_view kind) const {
    return {kind, name, uid, generation, removed, nonce, data};
  }
};

/// What a custom resource is worth.
enum class Verdict {
  kPresent,
  kRemoved,
  kUnfinished,  ///< made a moment ago and not written yet; nothing to worry about
  kForged,      ///< not written by postern, or not like this, or not here
};

Verdict judge(const Sealer& sealer, std::string_view kind, const CustomResource& resource);

/// metadata.name for a name of the store: itself where it is a DNS subdomain of at most 200
/// characters, else `h-` and 64 hexadecimal digits of its SHA-256. Names of that form are hashed,
/// too, so that no two names meet.
std::string object_name_of(std::string_view name);

/// nullopt for what is no object of the API server's at all (no name, no uid, a version that is no
/// number). A spec that cannot be read gives an empty name and seal: kForged.
std::optional<CustomResource> read_custom_resource(const nlohmann::json& object);

/// The object as it is sent. `version` 0: without a resourceVersion, to be created; then the seal
/// is left out with the data, for it needs a uid.
std::string write_custom_resource(const ResourceKind& kind, std::string_view in_namespace,
                                  const CustomResource& resource, const Summary& summary);

}  // namespace postern::proxy::access

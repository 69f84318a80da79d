#pragma once

#include "proxy/access/kubernetes/api_client.h"
#include "proxy/access/kubernetes/local_copy.h"

#include <functional>
#include <optional>

namespace postern::proxy::access {

/// Writes objects of the store as custom resources. On the store's worker.
///
/// A new object takes two calls: an empty one first, whose uid the seal is then about. A removal
/// takes two as well: a sealed `removed`, which is the removal, and then the deletion, which only
/// tidies up and which the leader makes up for when it is missed.
class ResourceWriter {
 public:
  using Summarize = std::function<Summary(const std::string& kind, const std::string& data)>;

  /// Everything must outlive this.
  ResourceWriter(CustomResourceClient& client, const LocalCopy& copy, Summarize summarize);

  /// The version that the object got, or that of its removal. Errors as ObjectStore::write(): below
  /// 500 nothing happened. `checked`: what it rests on held a moment ago, so that a refusal now is
  /// a surprise (none of these writes).
  Task<Result<Version>> write(Write write);
  /// Whether what the write rests on holds, by the copy, or else by the API server's word.
  Task<Result<void>> check(const Write& write);
  /// Deletes what is only waiting for it.
  Task<void> tidy(std::size_t kind, CustomResource resource);

 private:
  struct Current {
    CustomResource resource;
    Verdict verdict = Verdict::kForged;
  };
  /// As the API server has it now; nullopt: there is none.
  Task<Result<std::optional<Current>>> look(std::size_t kind, std::string object_name);
  std::optional<Current> remembered(std::size_t kind, const std::string& object_name) const;
  /// An object with nothing but its name: a seal covers the UID, which the API server gives.
  Task<Result<Current>> make_blank(std::size_t kind, const Write& write);
  Task<Result<CustomResource>> replace(std::size_t kind, const Write& write,
                                       const CustomResource& before);
  Task<Result<Version>> attempt(std::size_t kind, const Write& write, std::optional<Current> now);

  CustomResourceClient& client_;
  const LocalCopy& copy_;
  const Summarize summarize_;
};

}  // namespace postern::proxy::access

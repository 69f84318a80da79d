#pragma once

#include <cstddef>
#include <string_view>

/// The closed sets behind labels whose values come from requests: an index for each known value,
/// and one for everything else.
namespace postern::proxy::metric_labels {
/// A kind that has label values of its own.
struct KnownResource {
  std::string_view group;
  std::string_view resource;
};

/// Kubernetes' verbs and the lower-case methods of non-resource paths; "" where there is none yet.
std::size_t verb_index(std::string_view verb);
std::string_view verb_name(std::size_t index);

/// The kinds that Kubernetes itself serves; every other kind is {"other", "other"}.
std::size_t resource_index(std::string_view group, std::string_view resource);
KnownResource resource_name(std::size_t index);

/// The subresources of those kinds and of postern's own; "" for the object itself.
std::size_t subresource_index(std::string_view subresource);
std::string_view subresource_name(std::size_t index);

/// Status codes that Kubernetes and postern answer with; 0 is "none" (no answer was sent).
std::size_t code_index(unsigned code);
std::string_view code_name(std::size_t index);
std::size_t code_count();

}  // namespace postern::proxy::metric_labels

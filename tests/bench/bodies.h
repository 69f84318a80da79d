#pragma once

#include <cstddef>
#include <string>

// Bodies for benchmarks, as a real API server writes them, and some that it never would.
namespace postern::bench {

/// A pod of about 7.5 KB: labels, annotations, managedFields, two containers, a full status. The
/// name is "pod-INDEX"; one in a hundred is in namespace "kept", the others in "hidden".
std::string pod(std::size_t index, bool with_kind);

std::string pod_list(std::size_t bytes);
std::string pod_table(std::size_t bytes);
std::string pod_watch(std::size_t bytes);

/// `{"kind":"PodList",…,"items":[` with as many copies of `item` as make `bytes`.
std::string list_of(const std::string& item, std::size_t bytes);
/// The same of a Table's row, of a watch event, and of a single object's member (with its comma).
std::string table_of(const std::string& row, std::size_t bytes);
std::string watch_of(const std::string& event, std::size_t bytes);
std::string object_of(const std::string& member, std::size_t bytes);

}  // namespace postern::bench

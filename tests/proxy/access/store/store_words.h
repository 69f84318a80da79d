#pragma once

#include "proxy/access/store/object_store.h"

#include <string>
#include <vector>

namespace postern::proxy::access::testing {

/// "added role/a@1=text", …
inline std::string told(const Change& change) {
  static const char* const kNames[] = {"added ", "modified ", "removed "};
  const StoredObject& object = change.object;
  return kNames[static_cast<int>(change.type)] + object.kind + "/" + object.name + "@" +
         std::to_string(object.version) + "=" + object.data;
}

inline std::vector<std::string> told(const std::vector<Change>& changes) {
  std::vector<std::string> all;
  for (const Change& change : changes) {
    all.push_back(told(change));
  }
  return all;
}

inline std::vector<std::string> names_of(const Listing& listing) {
  std::vector<std::string> names;
  for (const StoredObject& object : listing.objects) {
    names.push_back(object.name);
  }
  return names;
}

}  // namespace postern::proxy::access::testing

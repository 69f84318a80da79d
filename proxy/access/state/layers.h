#pragma once

#include "proxy/access/state/objects.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::proxy::access {

/// Objects of one kind from files, store and presets, and which of each name is in force: a file's
/// before the store's before a preset. T is RoleObject or UserObject.
template <typename T>
class Layers {
 public:
  using Ptr = std::shared_ptr<const T>;
  using Map = std::map<std::string, Ptr, std::less<>>;
  /// What was in force under a name, and what is now.
  using Changed =
      std::function<void(const std::string& name, Ptr before, Ptr now, Version version)>;

  const Map& in_force() const { return in_force_; }
  const Map& stored() const { return stored_; }
  /// Of files and presets; nullptr where there is none.
  Ptr given(std::string_view name) const { return find(given_, name); }

  /// Replaces what files and presets give. Objects that are as they were stay the same objects, the
  /// others get this version.
  void give(std::vector<T> objects, Version version, const Changed& changed) {
    Map fresh;
    for (T& object : objects) {
      const Ptr before = given(object.meta.name);
      const bool same = before != nullptr && before->document == object.document &&
                        before->file == object.file && before->origin == object.origin;
      object.meta.version = version;
      std::string name = object.meta.name;
      fresh[std::move(name)] = same ? before : std::make_shared<const T>(std::move(object));
    }
    const Map gone = std::exchange(given_, std::move(fresh));
    for (const auto& [name, object] : gone) {
      settle(name, version, changed);
    }
    for (const auto& [name, object] : given_) {
      settle(name, version, changed);
    }
  }
  void put(Ptr object, const Changed& changed) {
    const std::string name = object->meta.name;
    const Version version = object->meta.version;
    stored_[name] = std::move(object);
    settle(name, version, changed);
  }
  void remove(const std::string& name, Version version, const Changed& changed) {
    stored_.erase(name);
    settle(name, version, changed);
  }

 private:
  static Ptr find(const Map& map, std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : found->second;
  }

  Ptr winner(const std::string& name) const {
    const Ptr base = given(name);
    const Ptr kept = find(stored_, name);
    if (base != nullptr && (base->origin == Origin::kFile || kept == nullptr)) {
      return base;
    }
    return kept;
  }

  void settle(const std::string& name, Version version, const Changed& changed) {
    const Ptr before = find(in_force_, name);
    Ptr now = winner(name);
    if (now == before) {
      return;
    }
    if (now == nullptr) {
      in_force_.erase(name);
    } else {
      if (now->meta.version < version) {
        // It comes to light again: for watchers that is a change of this moment.
        T revealed = *now;
        revealed.meta.version = version;
        now = std::make_shared<const T>(std::move(revealed));
        (now->origin == Origin::kStore ? stored_ : given_)[name] = now;
      }
      in_force_[name] = now;
    }
    changed(name, before, now, version);
  }

  Map given_;
  Map stored_;
  Map in_force_;
};

}  // namespace postern::proxy::access

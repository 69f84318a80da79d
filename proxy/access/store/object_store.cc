#include "proxy/access/store/object_store.h"

#include <utility>

namespace postern::proxy::access {

namespace {

Result<Version> write_one(ObjectStore& store, Write write) {
  std::vector<Write> writes;
  writes.push_back(std::move(write));
  return store.write(writes).map(
      [](const std::vector<Version>& versions) { return versions.front(); });
}

}  // namespace

Write Write::create(std::string kind, std::string name, std::string data) {
  return {Action::kCreate, std::move(kind), std::move(name), std::move(data), std::nullopt};
}

Write Write::update(std::string kind, std::string name, std::string data,
                    std::optional<Version> expected) {
  return {Action::kUpdate, std::move(kind), std::move(name), std::move(data), expected};
}

Write Write::remove(std::string kind, std::string name, std::optional<Version> expected) {
  return {Action::kRemove, std::move(kind), std::move(name), {}, expected};
}

Progress ObjectStore::progress(std::string_view) const {
  return {version(), 0};
}

Result<void> ObjectStore::refresh(std::string_view) {
  return {};
}

Result<void> ObjectStore::look_for(std::string_view, std::string_view) {
  return {};
}

void ObjectStore::look_for_soon(std::string_view kind, std::string_view name,
                                std::function<void(Result<void>)> done) {
  done(look_for(kind, name));
}

bool ObjectStore::keeps_house() const {
  return true;
}

std::chrono::steady_clock::duration ObjectStore::silence() const {
  return std::chrono::steady_clock::duration::zero();
}

Result<Version> ObjectStore::create(std::string_view kind, std::string_view name,
                                    std::string data) {
  return write_one(*this, Write::create(std::string(kind), std::string(name), std::move(data)));
}

Result<Version> ObjectStore::update(std::string_view kind, std::string_view name, std::string data,
                                    std::optional<Version> expected) {
  return write_one(*this,
                   Write::update(std::string(kind), std::string(name), std::move(data), expected));
}

Result<Version> ObjectStore::remove(std::string_view kind, std::string_view name,
                                    std::optional<Version> expected) {
  return write_one(*this, Write::remove(std::string(kind), std::string(name), expected));
}

}  // namespace postern::proxy::access

#pragma once

#include "proxy/access/api/api_object.h"
#include "proxy/access/api/media.h"

#include <string>
#include <string_view>
#include <vector>

/// Objects as what the client asked for: itself, a Table, or metadata alone. Pure; on the worker.
namespace postern::proxy::access::api {

/// The objects of a list, with its metadata.
struct ObjectList {
  const KindInfo* kind = nullptr;
  std::vector<ObjectPtr> items;
  Version version = 0;
  std::string continue_token;  ///< "": that is all
};

Json present(const ApiObject& object, const Media& media, TimePoint now);
Json present(const ObjectList& list, const Media& media, TimePoint now);

/// A document in the media type's encoding, as it is sent.
std::string encoded(const Json& document, const Media& media);
/// encoded(present(object, media, now), media).
std::string encoded(const ApiObject& object, const Media& media, TimePoint now);
/// encoded(present(list, media, now), media), with one object in hand at a time.
std::string encoded(const ObjectList& list, const Media& media, TimePoint now);

/// Writes the events of one watch, each a line.
class WatchWriter {
 public:
  WatchWriter(const KindInfo& kind, Media media) : kind_(kind), media_(std::move(media)) {}

  /// `type`: ADDED, MODIFIED, DELETED. `version` is the event's, which for a DELETED is not the
  /// object's own.
  std::string event(std::string_view type, const ApiObject& object, Version version, TimePoint now);
  /// `initial_end`: the one that says that what was there at the beginning is all sent.
  std::string bookmark(Version version, bool initial_end);
  /// The last event of a watch that cannot go on.
  static std::string error(const kube::Status& status);

 private:
  Json columns_once();

  const KindInfo& kind_;
  Media media_;
  bool columns_sent_ = false;
};

}  // namespace postern::proxy::access::api

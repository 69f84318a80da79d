#include "proxy/access/api/presentation.h"

#include "proxy/access/api/document.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

constexpr const char* kInitialEndAnnotation = "k8s.io/initial-events-end";

std::string meta_api_version(const Media& media) {
  return "meta.k8s.io/" + media.version;
}

Json partial_metadata(Json metadata, const Media& media) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", meta_api_version(media)},
          {"metadata", std::move(metadata)}};
}

Json column_definitions(const KindInfo& kind) {
  Json columns = Json::array();
  for (const Column& column : kind.columns) {
    columns.push_back({{"name", column.name},
                       {"type", column.type},
                       {"format", column.format},
                       {"description", column.description},
                       {"priority", column.priority}});
  }
  return columns;
}

Json row_object(const ApiObject& object, const Media& media) {
  switch (media.include) {
    case Media::Include::kNone:
      return nullptr;
    case Media::Include::kObject:
      return object.document();
    case Media::Include::kMetadata:
      break;
  }
  return partial_metadata(object.metadata(), media);
}

Json row(const ApiObject& object, const Media& media, TimePoint now) {
  return {{"cells", object.cells(now)}, {"object", row_object(object, media)}};
}

Json list_metadata(const ObjectList& list) {
  Json metadata = {{"resourceVersion", std::to_string(list.version)}};
  if (!list.continue_token.empty()) metadata["continue"] = list.continue_token;
  return metadata;
}

Json table(Json metadata, Json columns, Json rows, const Media& media) {
  return {{"kind", "Table"},
          {"apiVersion", meta_api_version(media)},
          {"metadata", std::move(metadata)},
          {"columnDefinitions", std::move(columns)},
          {"rows", std::move(rows)}};
}

/// An object as an item of the list, or as a row of the table.
Json item_of(const ApiObject& object, const Media& media, TimePoint now) {
  if (media.is_table()) return row(object, media, now);
  return media.is_metadata() ? partial_metadata(object.metadata(), media) : object.document();
}

bool is_whole(const Media& media) {
  return !media.is_table() && !media.is_metadata();
}

void append_item(std::string& out, const ApiObject& object, const Media& media, TimePoint now) {
  if (is_whole(media)) return object.append_document(out);
  out += json_text(item_of(object, media, now));
}

/// The list with these items.
Json list_of(const ObjectList& list, Json items, const Media& media) {
  if (media.is_table()) {
    return table(list_metadata(list), column_definitions(*list.kind), std::move(items), media);
  }
  return {{"kind", media.is_metadata() ? "PartialObjectMetadataList" : list.kind->kind + "List"},
          {"apiVersion", media.is_metadata() ? meta_api_version(media) : std::string(kApiVersion)},
          {"metadata", list_metadata(list)},
          {"items", std::move(items)}};
}

std::string event_line(std::string_view type, Json object) {
  return json_text({{"type", type}, {"object", std::move(object)}}) + "\n";
}

Json version_metadata(Version version) {
  return {{"resourceVersion", std::to_string(version)}};
}

}  // namespace

Json present(const ApiObject& object, const Media& media, TimePoint now) {
  Json item = item_of(object, media, now);
  if (!media.is_table()) return item;
  return table(version_metadata(object.meta().version), column_definitions(object.kind()),
               Json::array({std::move(item)}), media);
}

Json present(const ObjectList& list, const Media& media, TimePoint now) {
  Json items = Json::array();
  for (const ObjectPtr& object : list.items) items.push_back(item_of(*object, media, now));
  return list_of(list, std::move(items), media);
}

std::string encoded(const Json& document, const Media& media) {
  return media.yaml ? yaml_text(document) : json_text(document) + "\n";
}

std::string encoded(const ApiObject& object, const Media& media, TimePoint now) {
  if (media.yaml || !is_whole(media)) return encoded(present(object, media, now), media);
  std::string text;
  object.append_document(text);
  return text.append("\n");
}

std::string encoded(const ObjectList& list, const Media& media, TimePoint now) {
  if (media.yaml) return encoded(present(list, media, now), media);
  std::string text = json_text(list_of(list, Json::array(), media));
  // No string in JSON holds a bare quote, so that this is the member and nothing else.
  const std::string_view empty = media.is_table() ? R"("rows":[])" : R"("items":[])";
  const std::size_t place = text.rfind(empty) + empty.size() - 1;
  const std::string rest = text.substr(place);
  text.resize(place);
  std::string_view separator;
  for (const ObjectPtr& object : list.items) {
    append_item(text.append(std::exchange(separator, ",")), *object, media, now);
  }
  return text.append(rest).append("\n");
}

/// Clients keep the columns of the first event.
Json WatchWriter::columns_once() {
  return std::exchange(columns_sent_, true) ? Json(nullptr) : column_definitions(kind_);
}

std::string WatchWriter::event(std::string_view type, const ApiObject& object, Version version,
                               TimePoint now) {
  if (is_whole(media_) && version == object.meta().version) {
    std::string line = R"({"object":)";
    object.append_document(line);
    return line.append(R"(,"type":")").append(type).append("\"}\n");
  }
  if (!media_.is_table()) {
    Json shown = present(object, media_, now);
    shown["metadata"]["resourceVersion"] = std::to_string(version);
    return event_line(type, std::move(shown));
  }
  Json only_row = row(object, media_, now);
  if (only_row["object"].is_object()) {
    only_row["object"]["metadata"]["resourceVersion"] = std::to_string(version);
  }
  return event_line(type, table(version_metadata(version), columns_once(),
                                Json::array({std::move(only_row)}), media_));
}

std::string WatchWriter::bookmark(Version version, bool initial_end) {
  Json metadata = version_metadata(version);
  if (initial_end) metadata["annotations"][kInitialEndAnnotation] = "true";
  if (media_.is_metadata()) {
    return event_line("BOOKMARK", partial_metadata(std::move(metadata), media_));
  }
  if (!media_.is_table()) {
    return event_line("BOOKMARK", document_head(kind_.kind, std::move(metadata)));
  }
  Json no_row = {{"cells", Json::array()}, {"object", partial_metadata(metadata, media_)}};
  for (std::size_t i = 0; i < kind_.columns.size(); ++i) no_row["cells"].push_back("");
  return event_line("BOOKMARK", table(version_metadata(version), columns_once(),
                                      Json::array({std::move(no_row)}), media_));
}

std::string WatchWriter::error(const kube::Status& status) {
  return R"({"type":"ERROR","object":)" + status.to_json() + "}\n";
}

}  // namespace postern::proxy::access::api

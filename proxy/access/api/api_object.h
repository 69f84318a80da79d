#pragma once

#include "proxy/access/api/json.h"
#include "proxy/access/api/kinds.h"
#include "proxy/access/state/objects.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access::api {

/// One version of an object as the verbs see it, whatever its kind. An immutable value over what
/// the access thread keeps: it is found there, and written out on the worker of whoever asked.
class ApiObject {
 public:
  virtual ~ApiObject() = default;

  virtual const KindInfo& kind() const = 0;
  virtual const ObjectMeta& meta() const = 0;
  /// The value of a selectable field (KindInfo::selectable_fields).
  virtual std::string_view field(std::string_view path) const = 0;
  /// The whole object, with apiVersion and kind.
  virtual Json document() const = 0;
  /// Appends json_text(document()); what is sent most often has a shorter way to it.
  virtual void append_document(std::string& out) const { out += json_text(document()); }
  /// The cells of its row, one for each of the kind's columns.
  virtual std::vector<Json> cells(TimePoint now) const = 0;
  /// `metadata` as it is on the wire.
  virtual Json metadata() const;
};

using ObjectPtr = std::shared_ptr<const ApiObject>;

// The kinds. What is given must not be nullptr.
ObjectPtr make_object(RequestPtr request);
ObjectPtr make_object(RolePtr role);
ObjectPtr make_object(UserPtr user);
ObjectPtr make_object(ClusterPtr cluster);
ObjectPtr make_object(SessionPtr session);
/// With what its requests give at present, which is no part of what is kept: no version tells of a
/// change of it.
ObjectPtr make_object(SessionPtr session, std::vector<SessionGrant> grants);

/// A session with its token, for the one answer that shows it.
Json issued_session_document(const IssuedSession& issued);

/// The value of a selectable field, before an ApiObject is made of it.
std::string_view field_of(const RequestObject& request, std::string_view path);
std::string_view field_of(const RoleObject& role, std::string_view path);
std::string_view field_of(const UserObject& user, std::string_view path);
std::string_view field_of(const ClusterObject& cluster, std::string_view path);
std::string_view field_of(const SessionObject& session, std::string_view path);

/// `{apiVersion, kind, metadata, …}` of an object of this kind, without the rest.
Json document_head(std::string_view kind, Json metadata);
/// metav1.ObjectMeta.
Json metadata_json(const ObjectMeta& meta);

}  // namespace postern::proxy::access::api

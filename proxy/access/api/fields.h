#pragma once

#include "kube/status.h"
#include "proxy/access/api/json.h"
#include "proxy/access/state/objects.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access::api {

/// Takes values out of a part of a checked document (field_check.h), so that types are right; what
/// is written wrongly all the same becomes a cause. Absent is "", none, false.
class Fields {
 public:
  /// `part`: "spec" or "metadata.labels", say; absent is like {}. The document must outlive this.
  Fields(const Json& document, std::string_view part, std::vector<kube::StatusCause>& causes);

  std::string text(const char* name) const;
  std::vector<std::string> texts(const char* name) const;
  std::map<std::string, std::string> map(const char* name) const;
  bool flag(const char* name) const;
  std::optional<std::int64_t> integer(const char* name) const;
  std::optional<TimePoint> time(const char* name) const;
  std::optional<std::chrono::seconds> duration(const char* name) const;
  bool has(const char* name) const { return find(name) != nullptr; }
  std::string path(const char* name) const;
  /// The cause of a field that is not there.
  void require(const char* name) const;
  void fault(kube::StatusCause cause) const { causes_.push_back(std::move(cause)); }

 private:
  const Json* find(const char* name) const;

  const Json* part_ = nullptr;
  std::string path_;
  std::vector<kube::StatusCause>& causes_;
};

}  // namespace postern::proxy::access::api

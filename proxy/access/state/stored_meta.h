#pragma once

#include "proxy/access/state/objects.h"

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>

/// What the stored forms of all kinds have in common.
namespace postern::proxy::access {

/// Microseconds since 1970: exact, and what system_clock's points need at most here.
inline std::int64_t time_json(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

inline nlohmann::json meta_json(const ObjectMeta& meta) {
  return {{"uid", meta.uid},
          {"created", time_json(meta.created)},
          {"labels", meta.labels},
          {"annotations", meta.annotations},
          {"generateName", meta.generate_name}};
}

}  // namespace postern::proxy::access

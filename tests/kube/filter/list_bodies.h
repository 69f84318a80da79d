#pragma once

#include "tests/kube/filter/filter_run.h"

#include <string>
#include <string_view>

/// Bodies of lists and tables of pods, and what the list filter makes of them.
namespace postern::kube::filter::testing {

/// With nginx_in_dev, however the body is cut.
inline Outcome list(std::string_view body, FilterOptions options = {}) {
  return run_all_ways(make_json_list_filter, options, nginx_in_dev, body);
}

inline std::string pod(std::string_view name, std::string_view ns = "dev",
                       std::string_view rest = "") {
  return R"({"metadata":{"name":")" + std::string(name) + R"(","namespace":")" + std::string(ns) +
         R"(","uid":"u"},"spec":{"a":[1.10,1e400,18446744073709551615]})" + std::string(rest) + "}";
}

inline std::string pod_list(const std::string& items) {
  return R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[)" +
         items + "]}\n";
}

inline std::string table(const std::string& rows) {
  return R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7"},)"
         R"("columnDefinitions":[{"name":"Name"}],"rows":[)" +
         rows + "]}\n";
}

inline std::string row(std::string_view name, std::string_view ns = "dev") {
  return R"({"cells":[")" + std::string(name) +
         R"(",1],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)"
         R"("metadata":{"name":")" +
         std::string(name) + R"(","namespace":")" + std::string(ns) + R"(","uid":"u"}}})";
}

}  // namespace postern::kube::filter::testing

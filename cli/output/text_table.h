#pragma once

#include "cli/json.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace postern::cli {

/// A table for people: columns as wide as their widest cell, three spaces apart, as kubectl's.
/// Cells are made printable; the last column is not padded.
struct TextTable {
  std::vector<std::string> headers;
  std::vector<std::vector<std::string>> rows;

  void print(std::ostream& out, bool with_headers = true) const;
};

/// The columns of a `meta.k8s.io/v1` Table; those with a priority above 0 only when `wide`.
TextTable text_table(const Json& table, bool wide);

}  // namespace postern::cli

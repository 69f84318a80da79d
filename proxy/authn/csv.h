#pragma once

#include "proxy/config_error.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {
/// One record; it may span lines.
struct CsvRecord {
  int line = 0;  ///< on which the record begins, from 1
  std::vector<std::string> fields;
};

/// A file, as far as it is one.
struct Csv {
  std::vector<CsvRecord> records;  ///< those that are well formed
  ConfigErrors errors;             ///< one for each of the others
};

/// Reads comma-separated values as Go's encoding/csv does, which kube-apiserver reads its token
/// file with (RFC 4180): empty lines are skipped, a quote inside of an unquoted field or behind a
/// quoted one is an error, `""` stands for a quote, spaces count. What is stricter: NUL and a lone
/// carriage return are errors. `file` is named in the errors. The good records come along with the
/// errors, so that what is wrong with them can be told in the same breath.
Csv parse_csv(const std::string& file, std::string_view text);

}  // namespace postern::proxy

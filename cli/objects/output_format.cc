#include "cli/objects/output_format.h"

#include "cli/output/json_text.h"
#include "cli/output/text_table.h"
#include "cli/output/times.h"
#include "cli/output/yaml.h"

#include <ostream>

namespace postern::cli {
namespace {

TextTable plain_table(const Json& answer) {
  TextTable table{{"NAME", "AGE"}, {}};
  const TimePoint now = std::chrono::system_clock::now();
  const auto add = [&](const Json& object) {
    const auto created = parse_time(text_at(object, {"metadata", "creationTimestamp"}));
    table.rows.push_back(
        {text_at(object, {"metadata", "name"}),
         created ? rough_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *created))
                 : "<unknown>"});
  };
  if (answer.contains("items")) {
    for (const Json& item : find(answer, {"items"})) add(item);
  } else {
    add(answer);
  }
  return table;
}

}  // namespace

OutputFormat output_format(const std::string& text) {
  if (text == "wide") return OutputFormat::kWide;
  if (text == "json") return OutputFormat::kJson;
  if (text == "yaml") return OutputFormat::kYaml;
  if (text == "name") return OutputFormat::kName;
  return OutputFormat::kTable;
}

void print_object(std::ostream& out, const Json& object, const ObjectKind& kind,
                  OutputFormat format) {
  if (format == OutputFormat::kJson) {
    out << json_text(object) << "\n";
  } else if (format == OutputFormat::kYaml) {
    out << yaml_text(object);
  } else if (object.contains("items")) {
    for (const Json& item : find(object, {"items"})) print_object(out, item, kind, format);
  } else {
    out << object_name(kind, text_at(object, {"metadata", "name"})) << "\n";
  }
}

void print_table(std::ostream& out, const Json& answer, OutputFormat format, bool with_headers) {
  const bool wide = format == OutputFormat::kWide;
  const bool is_table = text_at(answer, {"kind"}) == "Table";
  (is_table ? text_table(answer, wide) : plain_table(answer)).print(out, with_headers);
}

}  // namespace postern::cli

#include "cli/output/text_table.h"

#include "kube/text.h"

#include <algorithm>
#include <ostream>

namespace postern::cli {
namespace {

constexpr std::size_t kGap = 3;

/// How many code points a printable text has.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

using Row = std::vector<std::string>;

void print_row(std::ostream& out, const Row& row, const std::vector<std::size_t>& widths) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    out << row[i];
    if (i + 1 < row.size()) out << std::string(widths[i] - width(row[i]) + kGap, ' ');
  }
  out << "\n";
}

std::string cell_text(const Json& cell) {
  if (cell.is_null()) return "<none>";
  if (cell.is_string()) return cell.get<std::string>();
  return cell.dump();
}

}  // namespace

void TextTable::print(std::ostream& out, bool with_headers) const {
  std::vector<Row> lines;
  if (with_headers) lines.push_back(headers);
  for (const Row& row : rows) {
    Row& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(kube::printable(cell));
  }
  std::vector<std::size_t> widths;
  for (const Row& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  for (const Row& line : lines) print_row(out, line, widths);
}

TextTable text_table(const Json& table, bool wide) {
  TextTable result;
  std::vector<std::size_t> chosen;
  const Json& columns = find(table, {"columnDefinitions"});
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Json& priority = find(columns[i], {"priority"});
    if (!wide && priority.is_number() && priority.get<int>() > 0) continue;
    chosen.push_back(i);
    std::string name = text_at(columns[i], {"name"});
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    result.headers.push_back(kube::printable(name));
  }
  for (const Json& row : find(table, {"rows"})) {
    const Json& cells = find(row, {"cells"});
    auto& line = result.rows.emplace_back();
    for (const std::size_t i : chosen) {
      line.push_back(i < cells.size() ? cell_text(cells[i]) : "<none>");
    }
  }
  return result;
}

}  // namespace postern::cli

#include "cli/kubeconfig/yaml_lines.h"

#include "cli/output/yaml.h"

#include <algorithm>
#include <re2/re2.h>

namespace postern::cli {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    lines.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

std::size_t indentation(const std::string& line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

/// Nothing but a comment or white space.
bool is_idle(const std::string& line) {
  const std::size_t at = line.find_first_not_of(" \t\r\n");
  return at == std::string::npos || line[at] == '#';
}

bool starts_item(const std::string& line) {
  const std::size_t at = indentation(line);
  return at < line.size() && line[at] == '-' && (at + 1 == line.size() || line[at + 1] == ' ');
}

std::string indented(const std::string& text, std::size_t by) {
  std::string out;
  for (const std::string& line : split(text)) out += std::string(by, ' ') + line;
  return out;
}

/// With the white space before it; "" where there is none.
std::string comment_behind_scalar(const std::string& line) {
  static const re2::RE2 kComment(
      R"(^[^:]*:[ \t]*(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^"'#\s][^\r\n]*?)?([ \t]+#[^\r\n]*))");
  std::string comment;
  re2::RE2::PartialMatch(line, kComment, &comment);
  return comment;
}

}  // namespace

YamlLines::YamlLines(std::string_view text) : lines_(split(text)) {}

std::string YamlLines::text() const {
  std::string text;
  for (const std::string& line : lines_) text += line;
  return text;
}

std::optional<std::size_t> YamlLines::find_key(std::string_view key) const {
  const std::string begin = std::string(key) + ":";
  const auto found = std::find_if(lines_.begin(), lines_.end(), [&begin](const std::string& line) {
    return line.starts_with(begin);
  });
  if (found == lines_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - lines_.begin());
}

YamlLines::Range YamlLines::block_behind(std::size_t at) const {
  std::size_t end = at + 1;
  std::size_t last = at + 1;  // idle lines at the end belong to what follows
  for (; end < lines_.size(); ++end) {
    const std::string& line = lines_[end];
    if (is_idle(line)) continue;
    if (indentation(line) == 0 && !starts_item(line)) break;
    last = end + 1;
  }
  return {at + 1, last};
}

std::optional<std::vector<YamlLines::Range>> YamlLines::items_in(Range block) const {
  std::vector<Range> items;
  std::size_t level = 0;
  for (std::size_t i = block.begin; i < block.end; ++i) {
    if (is_idle(lines_[i]) && items.empty()) continue;
    if (items.empty()) level = indentation(lines_[i]);
    const bool begins = starts_item(lines_[i]) && indentation(lines_[i]) == level;
    if (items.empty() && !begins) return std::nullopt;
    if (!begins) continue;
    if (!items.empty()) items.back().end = i;
    items.push_back({i, block.end});
  }
  // Comments above an item belong to it, not to the one before.
  for (std::size_t i = 0; i + 1 < items.size(); ++i) {
    while (items[i].end > items[i].begin + 1 && is_idle(lines_[items[i].end - 1])) --items[i].end;
  }
  return items;
}

bool YamlLines::has_name(Range item, std::string_view name) const {
  std::string text;
  const std::size_t level = indentation(lines_[item.begin]);
  for (std::size_t i = item.begin; i < item.end; ++i) {
    text += is_idle(lines_[i]) ? "\n" : lines_[i].substr(std::min(level, lines_[i].size()));
  }
  const auto values = read_yaml(text, "");
  return values && values->size() == 1 && values->front().is_array() &&
         values->front().size() == 1 && text_at(values->front().front(), {"name"}) == name;
}

void YamlLines::append_key(const std::string& text) {
  if (!lines_.empty() && !lines_.back().ends_with('\n')) lines_.back() += '\n';
  for (std::string& line : split(text)) lines_.push_back(std::move(line));
}

void YamlLines::replace(Range range, const std::string& text) {
  const auto begin = lines_.begin() + static_cast<std::ptrdiff_t>(range.begin);
  const auto end = lines_.begin() + static_cast<std::ptrdiff_t>(range.end);
  if (begin != lines_.begin() && !std::prev(begin)->ends_with('\n')) *std::prev(begin) += '\n';
  const auto fresh = split(text);
  lines_.insert(lines_.erase(begin, end), fresh.begin(), fresh.end());
}

bool YamlLines::put_item(std::string_view list, std::string_view name, const std::string& item) {
  const auto key = find_key(list);
  if (!key) {
    append_key(std::string(list) + ":\n" + item);
    return true;
  }
  static const RE2 kEmpty(R"([-a-z]+:[ \t]*(\[[ \t]*\]|null|~)?[ \t]*(#.*)?\r?\n?)");
  if (!RE2::FullMatch(lines_[*key], kEmpty)) return false;
  const Range block = block_behind(*key);
  if (block.begin == block.end) {
    replace({*key, *key + 1}, std::string(list) + ":\n" + item);
    return true;
  }
  const auto items = items_in(block);
  if (!items || items->empty()) return false;
  const std::string text = indented(item, indentation(lines_[items->front().begin]));
  const auto present = std::find_if(items->begin(), items->end(),
                                    [&](const Range& range) { return has_name(range, name); });
  replace(present == items->end() ? Range{block.end, block.end} : *present, text);
  return true;
}

bool YamlLines::put_scalar(std::string_view key, const std::string& value) {
  std::string line = std::string(key) + ": " + value;
  const auto at = find_key(key);
  if (!at) {
    append_key(line);
    return true;
  }
  const Range block = block_behind(*at);
  if (block.begin != block.end) return false;
  line.insert(line.find_last_not_of("\r\n") + 1, comment_behind_scalar(lines_[*at]));
  replace({*at, *at + 1}, line);
  return true;
}

}  // namespace postern::cli

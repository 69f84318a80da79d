#include "kube/request_target.h"

#include "kube/percent.h"

#include <algorithm>
#include <array>

namespace postern::kube {
namespace {

Status refused(const char* why) {
  return Status::bad_request(why);
}

/// By a table: every target is looked through with it.
constexpr std::array<bool, 256> kTargetCharacter = [] {
  std::array<bool, 256> allowed{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) allowed[c] = true;
  for (const char c : std::string_view("#\\\"<>^`{|}"))
    allowed[static_cast<std::size_t>(c)] = false;
  return allowed;
}();

bool is_target_character(char c) {
  return kTargetCharacter[static_cast<unsigned char>(c)];
}

/// Whether every escape stands for a character that may be written so.
bool escapes_are_harmless(std::string_view raw) {
  for (std::size_t i = raw.find('%'); i < raw.size(); i = raw.find('%', i + 3)) {
    const auto decoded = percent_decode(raw.substr(i, 3));
    if (!decoded || decoded->size() != 1) return false;
    const char c = decoded->front();
    if (c < 0x20 || c > 0x7e) return false;
    if (std::string_view("/%\\;?#.").find(c) != std::string_view::npos) return false;
  }
  return true;
}

Result<std::string> decode_segment(std::string_view raw) {
  if (raw.empty()) return fail(refused("the path has an empty segment"));
  if (raw == "." || raw == "..") return fail(refused("the path has a dot segment"));
  if (raw.find(';') != std::string_view::npos) return fail(refused("the path has a semicolon"));
  if (raw.find('%') == std::string_view::npos) return std::string(raw);
  if (!escapes_are_harmless(raw)) {
    return fail(refused("the path has a percent escape that does not belong there"));
  }
  return *percent_decode(raw);
}

}  // namespace

Result<RequestTarget> parse_request_target(std::string_view target) {
  if (target.empty() || target.front() != '/' || target.starts_with("//")) {
    return fail(refused("the request target is not an absolute path"));
  }
  if (!std::all_of(target.begin(), target.end(), is_target_character)) {
    return fail(refused("the request target has characters that must be escaped"));
  }
  RequestTarget result;
  const std::size_t question = std::min(target.find('?'), target.size());
  result.query = target.substr(std::min(question + 1, target.size()));
  std::string_view path = target.substr(1, question - 1);
  if (path.empty()) return result;
  if (path.back() == '/') {
    result.trailing_slash = true;
    path.remove_suffix(1);
  }
  result.segments.reserve(static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) + 1);
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    auto segment = decode_segment(path.substr(start, end - start));
    if (!segment) return fail(segment.error());
    result.segments.push_back(std::move(*segment));
    start = end + 1;
  }
  return result;
}

}  // namespace postern::kube

#include "kube/media_type.h"

#include "kube/text.h"

#include <algorithm>
#include <array>

namespace postern::kube {
namespace {

constexpr std::string_view kTokenPunctuation = "!#$%&'*+-.^_`|~";
/// Far more than anybody has; each is compared with all others.
constexpr std::size_t kMaxParameters = 16;

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kTokenPunctuation.find(c) != std::string_view::npos;
}

/// Reads a media type from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }
  /// An empty result means that there was none.
  std::string_view token(char also = '\0') {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [also](char c) {
      return is_token_character(c) || (also != '\0' && c == also);
    });
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// A token or quoted string.
  std::optional<std::string> value() {
    if (!take('"')) {
      const std::string_view plain = token();
      return plain.empty() ? std::nullopt : std::optional<std::string>(plain);
    }
    std::string out;
    while (!rest_.empty()) {
      if (take('"')) return out;
      if (take('\\') && rest_.empty()) return std::nullopt;
      const auto byte = static_cast<unsigned char>(rest_.front());
      if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return std::nullopt;
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

bool read_parameter(Scanner& scanner, MediaType& media_type) {
  scanner.skip_spaces();
  std::string name = ascii_lower(scanner.token());
  if (media_type.parameters.size() == kMaxParameters) return false;
  if (name.empty() || !scanner.take('=') || media_type.parameter(name)) return false;
  auto value = scanner.value();
  if (!value) return false;
  media_type.parameters.emplace_back(std::move(name), std::move(*value));
  scanner.skip_spaces();
  return true;
}

bool has_only_parameters(const MediaType& media_type,
                         std::initializer_list<std::string_view> names) {
  return std::all_of(media_type.parameters.begin(), media_type.parameters.end(),
                     [&](const auto& parameter) {
                       return std::find(names.begin(), names.end(), parameter.first) != names.end();
                     });
}

bool is_utf8_charset(const MediaType& media_type) {
  const auto charset = media_type.parameter("charset");
  return !charset || equals_ignore_case(*charset, "utf-8");
}

constexpr std::array<std::string_view, 4> kPatchTypes = {
    "application/json-patch+json", "application/merge-patch+json",
    "application/strategic-merge-patch+json", "application/apply-patch+yaml"};

}  // namespace

std::optional<std::string_view> MediaType::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<MediaType> parse_media_type(std::string_view text) {
  Scanner scanner(text);
  MediaType media_type;
  scanner.skip_spaces();
  media_type.type = ascii_lower(scanner.token());
  if (media_type.type.empty() || !scanner.take('/')) return std::nullopt;
  media_type.subtype = ascii_lower(scanner.token('@'));
  if (media_type.subtype.empty()) return std::nullopt;
  scanner.skip_spaces();
  while (scanner.take(';')) {
    if (!read_parameter(scanner, media_type)) return std::nullopt;
  }
  if (!scanner.at_end()) return std::nullopt;
  return media_type;
}

std::vector<std::string_view> split_header_list(std::string_view value) {
  std::vector<std::string_view> elements;
  bool quoted = false;
  std::size_t start = 0;
  const auto add = [&](std::size_t end) {
    std::string_view element = value.substr(start, end - start);
    const std::size_t first = element.find_first_not_of(" \t");
    if (first == std::string_view::npos) return;
    element = element.substr(first, element.find_last_not_of(" \t") - first + 1);
    elements.push_back(element);
  };
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    } else if (value[i] == ',' && !quoted) {
      add(i);
      start = i + 1;
    }
  }
  add(value.size());
  return elements;
}

Result<std::string> patch_media_type(std::string_view content_type) {
  const auto media_type = parse_media_type(content_type);
  const std::string essence = media_type ? media_type->essence() : "";
  const bool known =
      std::find(kPatchTypes.begin(), kPatchTypes.end(), essence) != kPatchTypes.end();
  if (!known || !has_only_parameters(*media_type, {"charset"}) || !is_utf8_charset(*media_type)) {
    return fail(Status::unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, "
        "application/strategic-merge-patch+json, application/apply-patch+yaml"));
  }
  return essence;
}

ContentClass classify_content_type(std::string_view content_type) {
  const auto media_type = parse_media_type(content_type);
  if (!media_type || !is_utf8_charset(*media_type) ||
      !has_only_parameters(*media_type, {"charset", "stream", "as", "g", "v"})) {
    return ContentClass::kOther;
  }
  const auto stream = media_type->parameter("stream");
  if (stream && *stream != "watch") return ContentClass::kOther;
  const std::string essence = media_type->essence();
  if (essence == "application/json") return ContentClass::kJson;
  if (essence == "application/yaml") return ContentClass::kYaml;
  if (essence == "application/vnd.kubernetes.protobuf") {
    return stream ? ContentClass::kProtobufWatch : ContentClass::kProtobuf;
  }
  if (essence == "application/cbor" || essence == "application/cbor-seq") {
    return ContentClass::kCbor;
  }
  return essence == "text/plain" ? ContentClass::kPlainText : ContentClass::kOther;
}

}  // namespace postern::kube

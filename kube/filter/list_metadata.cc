#include "kube/filter/list_metadata.h"

#include "kube/filter/append_all.h"
#include "kube/filter/json_string.h"
#include "kube/filter/member_reader.h"

namespace postern::kube::filter {
namespace {

class MetadataWriter {
 public:
  explicit MetadataWriter(std::string& out) : out_(out) { out_.push_back('{'); }
  ~MetadataWriter() { out_.push_back('}'); }
  MetadataWriter(const MetadataWriter&) = delete;
  MetadataWriter& operator=(const MetadataWriter&) = delete;

  void member(std::string_view key, std::string_view value) {
    append_all(out_, first_ ? "\"" : ",\"", key, "\":", value);
    first_ = false;
  }

 private:
  std::string& out_;
  bool first_ = true;
};

/// What is known to be fit for a client as it is.
bool passes(std::string_view key) {
  return is_word(key, "selfLink") || is_word(key, "resourceVersion");
}

}  // namespace

const char* rewrite_list_metadata(std::string_view metadata, const SealContinue& seal,
                                  bool drop_token, std::string& token, std::string& out) {
  token.clear();
  if (is_word(metadata, "null") || is_word(metadata, "{}")) {
    out.append("{}");
    return nullptr;
  }
  MetadataWriter writer(out);
  bool seen_self_link = false;
  bool seen_version = false;
  bool seen_continue = false;
  Member member;
  MemberReader reader(metadata);
  while (reader.next(member)) {
    if (passes(member.key)) {
      bool& seen = is_word(member.key, "selfLink") ? seen_self_link : seen_version;
      std::string ignored;
      if (seen) return "duplicate key in the list's metadata";
      if (!read_text(member.value, ignored)) return "the list's metadata cannot be read";
      seen = true;
      writer.member(member.key, member.value);
    } else if (is_word(member.key, "continue")) {
      if (seen_continue) return "duplicate continue key";
      seen_continue = true;
      if (!read_text(member.value, token)) return "the continue token cannot be read";
      if (token.empty()) continue;
      if (!seal && !drop_token) return "a continue token where none was expected";
      if (seal) writer.member("continue", "\"" + seal(token) + "\"");
    }
  }
  return reader.complete() ? nullptr : "the list's metadata cannot be read";
}

const char* rewrite_list_metadata(const EventParts& event, const SealContinue& seal,
                                  std::string& buffer, std::string_view& metadata) {
  metadata = "{}";
  if (!event.has_list_metadata()) return nullptr;
  std::string token;
  const char* const reason =
      rewrite_list_metadata(event.list_metadata(), seal, true, token, buffer);
  metadata = buffer;
  return reason;
}

}  // namespace postern::kube::filter

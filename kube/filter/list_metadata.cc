#include "kube/filter/list_metadata.h"

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
    if (!first_) out_.push_back(',');
    first_ = false;
    out_.append("\"").append(key).append("\":").append(value);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

/// What is known to be fit for a client as it is.
bool passes(std::string_view key) {
  return key == "selfLink" || key == "resourceVersion";
}

}  // namespace

const char* rewrite_list_metadata(std::string_view metadata, const SealContinue& seal,
                                  bool drop_token, std::string& token, std::string& out) {
  token.clear();
  MetadataWriter writer(out);
  if (metadata == "null") return nullptr;
  bool seen_self_link = false;
  bool seen_version = false;
  bool seen_continue = false;
  Member member;
  MemberReader reader(metadata);
  while (reader.next(member)) {
    if (passes(member.key)) {
      bool& seen = member.key == "selfLink" ? seen_self_link : seen_version;
      std::string ignored;
      if (seen) return "duplicate key in the list's metadata";
      if (!read_text(member.value, ignored)) return "the list's metadata cannot be read";
      seen = true;
      writer.member(member.key, member.value);
    } else if (member.key == "continue") {
      if (seen_continue) return "duplicate continue key";
      seen_continue = true;
      if (!read_text(member.value, token)) return "the continue token cannot be read";
      if (token.empty()) continue;
      if (!seal && !drop_token) return "a continue token where none was expected";
      if (seal) writer.member("continue", "\"" + seal(token) + "\"");
    }
  }
  return reader.failed() ? "the list's metadata cannot be read" : nullptr;
}

}  // namespace postern::kube::filter

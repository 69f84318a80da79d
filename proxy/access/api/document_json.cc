#include "kube/text.h"
#include "proxy/access/api/document.h"

#include <string>
#include <utility>
#include <vector>

namespace postern::proxy::access::api {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Builds the tree from the parser's events; the first fault ends it.
class TreeReader : public nlohmann::json_sax<Json> {
 public:
  Json root;
  std::string fault;

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return refuse("it has binary values"); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      return refuse("the key " + kube::quoted(name) + " comes twice");
    }
    member_ = &(*open_.back())[name];
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse("it is not JSON at byte " + std::to_string(position));
  }

 private:
  bool refuse(std::string why) {
    fault = std::move(why);
    return false;
  }
  Json* place(Json value) {
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    *member_ = std::move(value);
    return member_;
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() == kMaxDepth) {
      return refuse("it is nested too deeply");
    }
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<Json*> open_;  ///< an open value gets no siblings, so that these stay valid
  Json* member_ = nullptr;   ///< of the innermost object: the one whose value is due
};

}  // namespace

Result<Json> read_json(std::string_view text) {
  TreeReader reader;
  if (text.starts_with(kByteOrderMark)) {
    reader.fault = "it begins with a byte order mark";
  } else if (!Json::sax_parse(text, &reader) && reader.fault.empty()) {
    reader.fault = "it is not JSON";
  }
  if (!reader.fault.empty()) {
    return fail(kube::Status::bad_request("the body cannot be decoded: " + reader.fault));
  }
  return std::move(reader.root);
}

}  // namespace postern::proxy::access::api

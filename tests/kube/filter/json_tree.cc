#include "tests/kube/filter/json_tree.h"

#include <cstdint>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

namespace postern::kube::filter::testing {
namespace {

// long double, so that 1e400 is a number.
using Json = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                  std::uint64_t, long double>;

/// Counts what the parser has taken.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* p, std::size_t* count) : p_(p), count_(count) {}
  reference operator*() const { return *p_; }
  CountingIterator& operator++() {
    ++p_;
    ++*count_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return p_ == other.p_; }
  bool operator!=(const CountingIterator& other) const { return p_ != other.p_; }

 private:
  const char* p_;
  std::size_t* count_;
};

class TreeBuilder {
 public:
  TreeBuilder(std::string_view document, const std::size_t& consumed)
      : document_(document), consumed_(consumed), last_(consumed) {}

  Node root;

  bool null() { return scalar(Node::Type::kNull, begin_of_next() + 4); }
  bool boolean(bool value) { return scalar(Node::Type::kOther, begin_of_next() + (value ? 4 : 5)); }
  bool number_integer(Json::number_integer_t) { return number(); }
  bool number_unsigned(Json::number_unsigned_t) { return number(); }
  bool number_float(Json::number_float_t, const std::string&) { return number(); }
  bool string(std::string& value) {
    scalar(Node::Type::kString, consumed_, value);
    return true;
  }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return start(Node::Type::kObject); }
  bool start_array(std::size_t) { return start(Node::Type::kArray); }
  bool end_object() { return finish(); }
  bool end_array() { return finish(); }
  bool key(std::string& value) {
    const std::size_t length = consumed_ - begin_of_next() - 2;
    open_.back().members.push_back({value, length, {}});
    last_ = consumed_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) {
    return false;
  }

 private:
  std::size_t begin_of_next() const { return document_.find_first_not_of(" \t\r\n:,", last_); }

  bool number() {
    const std::size_t end = document_.find_first_not_of("0123456789+-.eE", begin_of_next());
    return scalar(Node::Type::kOther, end == std::string_view::npos ? document_.size() : end);
  }

  bool scalar(Node::Type type, std::size_t end, std::string text = {}) {
    Node node;
    node.type = type;
    node.begin = begin_of_next();
    node.end = last_ = end;
    node.text = std::move(text);
    place(std::move(node));
    return true;
  }

  bool start(Node::Type type) {
    Node node;
    node.type = type;
    node.begin = consumed_ - 1;
    last_ = consumed_;
    open_.push_back(std::move(node));
    return true;
  }

  bool finish() {
    Node node = std::move(open_.back());
    open_.pop_back();
    node.end = last_ = consumed_;
    place(std::move(node));
    return true;
  }

  void place(Node node) {
    if (open_.empty()) {
      root = std::move(node);
    } else if (open_.back().is_object()) {
      open_.back().members.back().value = std::move(node);
    } else {
      open_.back().elements.push_back(std::move(node));
    }
  }

  std::string_view document_;
  const std::size_t& consumed_;
  std::size_t last_;
  std::vector<Node> open_;
};

}  // namespace

int Node::count(std::string_view key) const {
  int found = 0;
  for (const Member& member : members) found += member.key == key ? 1 : 0;
  return found;
}

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::optional<Node> parse_tree(std::string_view document, std::size_t begin, bool strict) {
  if (document.substr(begin).starts_with("\xEF\xBB\xBF")) return std::nullopt;
  std::size_t consumed = begin;
  TreeBuilder builder(document, consumed);
  const CountingIterator first(document.data() + begin, &consumed);
  const CountingIterator last(document.data() + document.size(), &consumed);
  if (!Json::sax_parse(first, last, &builder, nlohmann::detail::input_format_t::json, strict)) {
    return std::nullopt;
  }
  return std::move(builder.root);
}

}  // namespace postern::kube::filter::testing

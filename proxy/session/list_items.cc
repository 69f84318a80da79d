#include "proxy/session/list_items.h"

#include <cstddef>

// Tested by tests/proxy/session/list_items_test.cc
namespace postern::proxy {
namespace {

/// The place of the quote that ends the string behind `at`; npos where there is none.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at < text.size() ? at : std::string_view::npos;
}

class ListSplitter {
 public:
  explicit ListSplitter(std::string_view list) : list_(list) {}

  std::optional<ListParts> split() {
    for (std::size_t at = 0; at < list_.size() && sound_; ++at) {
      at = take(at);
    }
    if (!sound_ || depth_ != 0 || end_ == 0) return std::nullopt;
    parts_.envelope.append(list_.substr(0, begin_)).append(list_.substr(end_));
    return std::move(parts_);
  }

 private:
  /// Takes what begins there; gives its last place.
  std::size_t take(std::size_t at) {
    switch (list_[at]) {
      case '"':
        return take_string(at);
      case '{':
      case '[':
        open(at);
        break;
      case '}':
      case ']':
        close(at);
        break;
      default:
        break;
    }
    return at;
  }

  std::size_t take_string(std::size_t at) {
    const std::size_t end = end_of_string(list_, at);
    sound_ = end != std::string_view::npos && !(in_items_ && depth_ == 2);
    if (sound_ && depth_ == 1) last_ = list_.substr(at + 1, end - at - 1);
    return end;
  }

  void open(std::size_t at) {
    if (depth_ == 1 && list_[at] == '[' && last_ == "items") {
      sound_ = begin_ == 0;
      in_items_ = true;
      begin_ = at + 1;
    }
    if (in_items_ && depth_ == 2) {
      sound_ = list_[at] == '{';
      item_ = at;
    }
    ++depth_;
  }

  void close(std::size_t at) {
    if (depth_ == 0) {
      sound_ = false;
      return;
    }
    --depth_;
    if (in_items_ && depth_ == 2) parts_.items.push_back(list_.substr(item_, at + 1 - item_));
    if (in_items_ && depth_ == 1) {
      in_items_ = false;
      end_ = at;
    }
  }

  std::string_view list_;
  ListParts parts_;
  std::size_t depth_ = 0;
  std::string_view last_;  ///< string of the outermost object: before an array it is its key
  bool in_items_ = false;
  bool sound_ = true;
  std::size_t item_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace

std::optional<ListParts> split_list(std::string_view list) {
  return ListSplitter(list).split();
}

}  // namespace postern::proxy

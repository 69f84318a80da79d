#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// JSON straight into a text: these write the brackets, the commas and the keys, and whoever uses
/// them appends the values. Each is for one thread and must be gone before the text is read.
namespace postern::kube {

/// One list, from its opening bracket on; closed by the destructor.
class JsonListWriter {
 public:
  explicit JsonListWriter(std::string& out) : out_(out), begin_(out.size() + 1) { out_ += '['; }
  ~JsonListWriter() { out_ += ']'; }
  JsonListWriter(const JsonListWriter&) = delete;
  JsonListWriter& operator=(const JsonListWriter&) = delete;

  bool empty() const { return out_.size() == begin_; }
  /// Where the next item is to be written.
  std::string& item() {
    if (!empty()) out_ += ',';
    return out_;
  }

 private:
  std::string& out_;
  std::size_t begin_;
};

/// One object, from its opening brace on; closed by the destructor. Keys are the program's own and
/// are written as they are.
class JsonObjectWriter {
 public:
  explicit JsonObjectWriter(std::string& out) : out_(out), begin_(out.size() + 1) { out_ += '{'; }
  ~JsonObjectWriter() { out_ += '}'; }
  JsonObjectWriter(const JsonObjectWriter&) = delete;
  JsonObjectWriter& operator=(const JsonObjectWriter&) = delete;

  /// Where the value is to be written.
  std::string& member(std::string_view key) {
    if (out_.size() != begin_) out_ += ',';
    return out_.append(1, '"').append(key).append("\":");
  }

 private:
  std::string& out_;
  std::size_t begin_;
};

}  // namespace postern::kube

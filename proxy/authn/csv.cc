#include "proxy/authn/csv.h"

#include <utility>

namespace postern::proxy {
namespace {

/// Reads one record after the other; an error ends its record at the next line.
class CsvReader {
 public:
  CsvReader(const std::string& file, std::string_view text) : file_(file), text_(text) {}

  Csv read() {
    Csv csv;
    while (position_ < text_.size()) {
      if (skip_line_end()) continue;
      CsvRecord record{line_, {}};
      if (read_record(record)) {
        csv.records.push_back(std::move(record));
      } else {
        skip_rest_of_line();
      }
    }
    csv.errors = std::move(errors_);
    return csv;
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char current() const { return text_[position_]; }

  bool skip_line_end() {
    if (at_end()) return false;
    const bool crlf = text_.substr(position_, 2) == "\r\n";
    if (!crlf && current() != '\n') return false;
    position_ += crlf ? 2 : 1;
    line_start_ = position_;
    ++line_;
    return true;
  }

  void skip_rest_of_line() {
    while (!at_end() && current() != '\n') ++position_;
    skip_line_end();
  }

  bool error(std::string message) {
    const int column = static_cast<int>(position_ - line_start_) + 1;
    errors_.push_back({file_, line_, column, "", std::move(message)});
    return false;
  }

  bool read_record(CsvRecord& record) {
    while (true) {
      std::string field;
      const bool quoted = !at_end() && current() == '"';
      if (!(quoted ? read_quoted(field) : read_plain(field))) return false;
      record.fields.push_back(std::move(field));
      if (at_end() || skip_line_end()) return true;
      if (current() != ',') return error("something stands behind the closing quote");
      ++position_;
    }
  }

  bool read_plain(std::string& field) {
    while (!at_end() && current() != ',' && current() != '\n') {
      const char c = current();
      if (c == '\r' && text_.substr(position_, 2) == "\r\n") break;
      if (c == '"') return error("a quote inside of an unquoted field");
      if (c == '\r' || c == '\0') return error("a control character");
      field += c;
      ++position_;
    }
    return true;
  }

  bool read_quoted(std::string& field) {
    ++position_;
    while (!at_end()) {
      const char c = current();
      if (c == '\0') return error("a control character");
      if (c == '"') {
        ++position_;
        if (at_end() || current() != '"') return true;
      } else if (c == '\n') {
        ++line_;
        line_start_ = position_ + 1;
      }
      field += c;
      ++position_;
    }
    return error("the closing quote is missing");
  }

  const std::string& file_;
  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  ConfigErrors errors_;
};

}  // namespace

Csv parse_csv(const std::string& file, std::string_view text) {
  return CsvReader(file, text).read();
}

}  // namespace postern::proxy

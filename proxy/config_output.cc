#include "proxy/config.h"
#include "proxy/config_fields.h"

#include <fmt/format.h>
#include <utility>

namespace postern::proxy {
namespace {

/// Writes a configuration as YAML. Texts are in double quotes as in JSON, so that nothing is read
/// back as something else.
class ConfigPrinter : public ConfigVisitor {
 public:
  std::string take() { return std::move(out_); }

  void boolean(bool& value) override { scalar(value ? "true" : "false"); }
  void number(std::uint64_t& value, NumberRange) override { scalar(std::to_string(value)); }
  void duration(std::chrono::milliseconds& value, DurationRange) override {
    scalar(format_duration(value));
  }
  void bytes(std::uint64_t& value, NumberRange) override { scalar(format_bytes(value)); }
  void text(std::string& value, TextRule rule) override {
    if (value.empty() && !rule("").empty()) return leave_out();
    scalar(quote(value));
  }
  void path(std::string& value) override {
    if (value.empty()) return leave_out();
    scalar(quote(value));
  }
  void texts(std::vector<std::string>& values, TextRule) override { scalar(flow(values)); }
  void paths(std::vector<std::string>& values) override { scalar(flow(values)); }
  void text_map(std::map<std::string, std::string>& values, TextRule, TextRule) override {
    std::string line;
    for (const auto& [key, value] : values) {
      line += (line.empty() ? "" : ", ") + quote(key) + ": " + quote(value);
    }
    scalar("{" + line + "}");
  }
  void texts_map(std::map<std::string, std::vector<std::string>>& values, TextRule) override {
    std::string line;
    for (const auto& [key, list] : values) {
      line += (line.empty() ? "" : ", ") + quote(key) + ": " + flow(list);
    }
    scalar("{" + line + "}");
  }
  void choice(std::size_t& index, std::span<const std::string_view> words) override {
    scalar(std::string(words[index]));
  }
  void unavailable(std::string_view) override { leave_out(); }

 protected:
  void mapping(const std::vector<BoundField>& fields) override {
    const bool in_list = std::exchange(begins_item_, false);
    const std::size_t begin = out_.size();
    if (!in_list && !key_.empty()) begin_block();
    const std::size_t inside = out_.size();
    depth_ += key_.empty() ? 0 : 1;
    const std::string outer = key_;
    bool first = in_list;
    for (const BoundField& field : fields) {
      key_ = field.key;
      const std::size_t before = out_.size();
      field.visit();
      if (first && out_.size() > before) {
        out_[before + static_cast<std::size_t>(depth_) * 2 - 2] = '-';
        first = false;
      }
    }
    if (out_.size() == inside) out_.resize(begin);  // no mapping without keys
    key_ = outer;
    depth_ -= key_.empty() ? 0 : 1;
  }
  void list(std::size_t size, const std::function<void(std::size_t)>& item) override {
    if (size == 0) return scalar("[]");
    begin_block();
    for (std::size_t i = 0; i < size; ++i) {
      begins_item_ = true;
      item(i);
    }
  }
  bool is_short_form(bool preferred) override { return preferred; }
  bool makes_absent() const override { return false; }

 private:
  void begin_line() { out_.append(static_cast<std::size_t>(depth_) * 2, ' '); }
  void begin_block() {
    begin_line();
    out_ += key_ + ":\n";
  }
  void scalar(const std::string& value) {
    begin_line();
    out_ += key_ + ": " + value + "\n";
  }
  void leave_out() {}
  static std::string quote(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') out += '\\';
      if (byte < 0x20 || byte == 0x7f) {
        out += fmt::format("\\x{:02x}", byte);
      } else {
        out += c;
      }
    }
    return out + "\"";
  }
  static std::string flow(const std::vector<std::string>& values) {
    std::string line;
    for (const std::string& value : values) line += (line.empty() ? "" : ", ") + quote(value);
    return "[" + line + "]";
  }

  std::string out_;
  std::string key_;
  int depth_ = 0;
  bool begins_item_ = false;
};

/// Collects the path of every key.
class KeyLister : public ConfigVisitor {
 public:
  std::set<std::string> take() { return std::move(keys_); }

  void boolean(bool&) override {}
  void number(std::uint64_t&, NumberRange) override {}
  void duration(std::chrono::milliseconds&, DurationRange) override {}
  void bytes(std::uint64_t&, NumberRange) override {}
  void text(std::string&, TextRule) override {}
  void path(std::string&) override {}
  void texts(std::vector<std::string>&, TextRule) override {}
  void paths(std::vector<std::string>&) override {}
  void text_map(std::map<std::string, std::string>&, TextRule, TextRule) override {}
  void texts_map(std::map<std::string, std::vector<std::string>>&, TextRule) override {}
  void choice(std::size_t&, std::span<const std::string_view>) override {}
  void unavailable(std::string_view) override {}

 protected:
  void mapping(const std::vector<BoundField>& fields) override {
    const std::string outer = path_;
    for (const BoundField& field : fields) {
      path_ = outer.empty() ? std::string(field.key) : outer + "." + std::string(field.key);
      keys_.insert(path_);
      field.visit();
    }
    path_ = outer;
  }
  void list(std::size_t, const std::function<void(std::size_t)>& item) override {
    path_ += "[]";
    item(0);
  }
  bool is_short_form(bool) override { return false; }

 private:
  std::string path_;
  std::set<std::string> keys_;
};

}  // namespace

std::string to_yaml(const ProxyConfiguration& configuration) {
  ConfigurationDocument document{std::string(kConfigApiVersion), std::string(kConfigKind),
                                 configuration};
  ConfigPrinter printer;
  visit_document(printer, document);
  return printer.take();
}

std::set<std::string> configuration_keys() {
  ConfigurationDocument document;
  KeyLister lister;
  visit_document(lister, document);
  return lister.take();
}

}  // namespace postern::proxy

#include "cli/login/secrets.h"

#include "cli/client/interrupt.h"
#include "cli/output/terminal.h"
#include "proxy/read_file.h"

#include <istream>

namespace postern::cli {
namespace {

constexpr std::size_t kMaxSecret = std::size_t{64} * 1024;
constexpr int kAttempts = 3;

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Outcome<std::string> asked(const Context& context, const std::string& question) {
  auto answer = ask(context.surroundings, question, true);
  if (answer) return std::move(*answer);
  if (Interrupt::signal() != 0) {
    return tl::unexpected(Failure{Interrupt::exit_code(), "interrupted"});
  }
  return failed("no password was given");
}

}  // namespace

Outcome<std::string> read_secret(const Context& context, const std::string& path) {
  std::string secret;
  if (path == "-") {
    if (context.surroundings.in != nullptr) std::getline(*context.surroundings.in, secret);
    secret = first_line(secret);
  } else {
    const auto text = proxy::read_file(path, kMaxSecret);
    if (!text) return failed(text.error().front().to_string());
    secret = first_line(*text);
  }
  if (secret.empty()) return failed((path == "-" ? "standard input" : path) + ": is empty");
  return secret;
}

Outcome<std::string> obtain_password(const Context& context, const std::string& path,
                                     const std::string& question) {
  if (!path.empty()) return read_secret(context, path);
  if (!context.surroundings.interactive()) {
    auto secret = read_secret(context, "-");
    if (!secret)
      return failed(
          "no password was given: there is no terminal, and standard input is "
          "empty; use --password-file");
    return secret;
  }
  return asked(context, question);
}

Outcome<std::string> obtain_new_password(const Context& context, const std::string& path) {
  if (!path.empty()) return read_secret(context, path);
  if (!context.surroundings.interactive()) return std::string();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto first = asked(context, "New password (empty: none): ");
    if (!first || first->empty()) return first;
    const auto second = asked(context, "The same again: ");
    if (!second) return second;
    if (*first == *second) return first;
    context.err() << "These were not the same.\n";
  }
  return failed("no password was chosen");
}

}  // namespace postern::cli

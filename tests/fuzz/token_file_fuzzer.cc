#include "proxy/authn/bearer_tokens.h"
#include "proxy/authn/csv.h"
#include "proxy/authn/token_file.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// Any text gives tokens or errors; every token that is taken could be sent, and proves its user.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::proxy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Csv csv = parse_csv("tokens.csv", text);
  const auto tokens = TokenFile::parse("tokens.csv", text, NamePrefix{});
  if (!tokens) {
    if (tokens.error().empty()) std::abort();
    return 0;
  }
  if (!csv.errors.empty() || csv.records.size() != (*tokens)->size()) std::abort();
  for (const CsvRecord& record : csv.records) {
    const std::string& token = record.fields.at(0);
    if (!token_problem(token).empty() || token_form(token) != TokenForm::kOpaque) std::abort();
    const std::string header = "Bearer " + token;
    http::Fields fields;
    fields.add({"Authorization", header});
    const auto sent = bearer_tokens(fields);
    if (!sent || sent->size() != 1 || sent->front() != token) std::abort();
    const Identity identity = (*tokens)->authenticate_token(token);
    if (!identity || !*identity || (*identity)->name != record.fields.at(1)) std::abort();
  }
  return 0;
}

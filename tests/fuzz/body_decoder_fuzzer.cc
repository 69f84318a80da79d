#include "proxy/http/codec.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

/// Any bytes as a body of any framing, whole and in pieces whose sizes the input chooses: payload,
/// end and verdict must not depend on the pieces.

using namespace postern::proxy::http;

namespace {

struct Outcome {
  std::string payload;
  std::size_t used = 0;
  bool done = false;
  bool error = false;
  bool whole = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(BodyDecoder decoder, std::string_view wire, std::string_view piece_sizes) {
  Outcome outcome;
  std::size_t turn = 0;
  while (!wire.empty() && !decoder.done() && !outcome.error) {
    std::size_t size = wire.size();
    if (!piece_sizes.empty())
      size = 1 + static_cast<unsigned char>(piece_sizes[turn++ % piece_sizes.size()]) % 16;
    std::string_view piece = wire.substr(0, size);
    wire.remove_prefix(piece.size());
    while (!piece.empty() && !decoder.done()) {
      std::size_t consumed = 0;
      const auto payload = decoder.decode(piece, consumed);
      if (!payload) {
        outcome.error = true;
        break;
      }
      if (consumed == 0 || consumed > piece.size()) std::abort();
      outcome.payload.append(*payload);
      outcome.used += consumed;
      piece.remove_prefix(consumed);
    }
  }
  if (outcome.error) outcome.used = 0;  // where in a piece it failed is nobody's business
  outcome.done = decoder.done();
  outcome.whole = decoder.finish().has_value();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  constexpr Framing kFramings[] = {Framing::kChunked, Framing::kChunked, Framing::kLength,
                                   Framing::kUntilClose};
  const BodyDecoder decoder(kFramings[data[0] % 4], data[1]);
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view sizes = input.substr(2, 2), wire = input.substr(4);
  const Outcome whole = decode(decoder, wire, "");
  if (!(whole == decode(decoder, wire, sizes)) || (whole.error && (whole.whole || whole.done)))
    std::abort();
  return 0;
}

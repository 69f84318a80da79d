#pragma once

#include "proxy/net/stream.h"
#include "proxy/net/worker.h"

#include <string>

namespace postern::proxy {

/// How a wait for bytes ended. kEnd is a clean end of the peer's side, kError everything else;
/// kNothing: there is nothing to read yet (receive_now() alone says so).
enum class Arrival { kData, kEnd, kError, kNothing };

/// Waits for bytes and appends them to `into`, a TLS record's worth at most. Holds a buffer of the
/// pool only while it reads. Both references must outlive the call.
Task<Arrival> receive(Stream& stream, BufferPool& buffers, std::string& into);

/// The same behind a wait of the caller's own.
Arrival receive_now(Stream& stream, BufferPool& buffers, std::string& into);

}  // namespace postern::proxy

#pragma once

#include <cstddef>
#include <string>

namespace postern::proxy {

/// What the whole process is set to, once, by its main thread.

/// As many descriptors as the system lets it have: each client takes two.
void raise_descriptor_limit();

/// What is to be said when they are too few for so many connections; "" when they will do.
std::string descriptor_warning(std::size_t connections);

/// A write to a peer that is gone is an error of that write alone.
void ignore_broken_pipes();

/// At the end, while signals are still handled. Asio gives a signal its default action back when
/// the last set of it goes; with one that never goes, a signal that comes while everything is taken
/// down does not become the exit status.
void ignore_late_signals();

}  // namespace postern::proxy

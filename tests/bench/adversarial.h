#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Bodies that are written to be slow to filter: by whoever may write objects, or by a hostile API
// server.
namespace postern::bench {

struct AdversarialShape {
  enum class Kind : std::uint8_t { kList, kEventList, kTable, kReducedTable, kWatch, kObject };

  std::string name;
  Kind kind;
  std::string element;  ///< one item, row, event or member: the body repeats it

  /// A body of about `bytes`.
  std::string body(std::size_t bytes) const;
};

std::vector<AdversarialShape> adversarial_shapes();

}  // namespace postern::bench

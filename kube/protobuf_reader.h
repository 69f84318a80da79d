#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::kube {

/// One field of a protobuf message. Views into the message.
struct ProtobufField {
  std::uint32_t number = 0;
  bool is_bytes = false;    ///< length-delimited: a string, bytes or a message
  std::string_view bytes;   ///< of such a field
  bool is_varint = false;   ///< an integer, a boolean or an enumerator
  std::uint64_t value = 0;  ///< of such a field; negative ones in two's complement
};

/// Walks over the fields of a protobuf message, strictly.
///
/// Go's generated decoders and C++ readers cut over-long tags differently (Go at 35 bits, C++ at
/// 32), so that a field can be seen by one and not by the other. Tags and lengths must therefore be
/// minimal varints of at most 32 bits; groups and unknown wire types are errors.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  /// The next field; false at the end or at an error.
  bool next(ProtobufField& field);
  bool failed() const { return failed_; }

 private:
  bool take_varint(std::uint64_t& value, bool minimal);
  bool take_bytes(std::uint64_t length, std::string_view& bytes);
  bool take_value(unsigned wire_type, ProtobufField& field);

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace postern::kube

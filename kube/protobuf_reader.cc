#include "kube/protobuf_reader.h"

#include <limits>
#include <protozero/exception.hpp>
#include <protozero/varint.hpp>

namespace postern::kube {
namespace {

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7U;
    ++size;
  }
  return size;
}

}  // namespace

bool ProtobufReader::take_varint(std::uint64_t& value, bool minimal) {
  const char* data = rest_.data();
  try {
    value = protozero::decode_varint(&data, rest_.data() + rest_.size());
  } catch (const protozero::exception&) {
    return false;
  }
  const auto size = static_cast<std::size_t>(data - rest_.data());
  rest_.remove_prefix(size);
  return !minimal ||
         (size == varint_size(value) && value <= std::numeric_limits<std::uint32_t>::max());
}

bool ProtobufReader::take_bytes(std::uint64_t length, std::string_view& bytes) {
  if (length > rest_.size()) return false;
  bytes = rest_.substr(0, static_cast<std::size_t>(length));
  rest_.remove_prefix(bytes.size());
  return true;
}

bool ProtobufReader::take_value(unsigned wire_type, ProtobufField& field) {
  std::uint64_t value = 0;
  std::string_view ignored;
  switch (wire_type) {
    case 0:
      field.is_varint = true;
      return take_varint(field.value, false);
    case 1:
      return take_bytes(8, ignored);
    case 2:
      field.is_bytes = true;
      return take_varint(value, true) && take_bytes(value, field.bytes);
    case 5:
      return take_bytes(4, ignored);
    default:
      return false;
  }
}

bool ProtobufReader::next(ProtobufField& field) {
  if (failed_ || rest_.empty()) return false;
  field = {};
  std::uint64_t tag = 0;
  failed_ = true;
  if (!take_varint(tag, true)) return false;
  field.number = static_cast<std::uint32_t>(tag >> 3U);
  if (field.number == 0 || !take_value(static_cast<unsigned>(tag & 7U), field)) return false;
  failed_ = false;
  return true;
}

}  // namespace postern::kube

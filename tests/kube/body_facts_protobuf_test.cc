#include "kube/object_meta.h"
#include "kube/protobuf_reader.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

std::string varint(std::uint64_t value) {
  std::string out;
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7fU) | 0x80U);
    value >>= 7U;
  }
  return out + static_cast<char>(value);
}

std::string bytes(std::uint32_t number, const std::string& content) {
  return varint(number << 3U | 2U) + varint(content.size()) + content;
}

std::string number(std::uint32_t field, std::uint64_t value) {
  return varint(field << 3U) + varint(value);
}

const std::string kMagic("k8s\0", 4);

std::string type_meta(const std::string& api_version, const std::string& kind) {
  return bytes(1, bytes(1, api_version) + bytes(2, kind));
}

/// A body as client-go writes it: contentEncoding and contentType present and empty.
std::string body(const std::string& kind, const std::string& raw) {
  return kMagic + type_meta("v1", kind) + bytes(2, raw) + bytes(3, "") + bytes(4, "");
}

std::string pod(const std::string& metadata) {
  return body("Pod", bytes(1, metadata));
}

std::string understood(const std::string& text) {
  const auto facts = read_body_facts(BodyEncoding::kProtobuf, text);
  if (!facts) return std::to_string(facts.error().code);
  return facts->kind + " " + facts->namespace_ + "/" + facts->name + "|" + facts->generate_name;
}

}  // namespace

TEST_CASE("body facts, protobuf: H141 and what else a decision needs") {
  CHECK(understood(pod(bytes(1, "nginx-9") + bytes(3, "dev"))) == "Pod dev/nginx-9|");
  CHECK(understood(pod(bytes(2, "nginx-") + bytes(8, "") + number(7, 3))) == "Pod /|nginx-");
  CHECK(understood(pod("")) == "Pod /|");

  const std::string annotations =
      bytes(12, bytes(1, "kubernetes.io/service-account.name") + bytes(2, "default")) +
      bytes(12, bytes(1, "other") + bytes(2, "x")) + bytes(12, bytes(1, "empty"));
  const auto secret = read_body_facts(
      BodyEncoding::kProtobuf,
      body("Secret", bytes(1, bytes(1, "s") + annotations) +
                         bytes(2, bytes(1, "k") + bytes(2, "v")) +
                         bytes(2, bytes(1, "k2") + bytes(2, "v")) +
                         bytes(3, "kubernetes.io/service-account-token") + number(5, 1)));
  REQUIRE(secret.has_value());
  CHECK(secret->api_version == "v1");
  CHECK(secret->name == "s");
  CHECK(secret->type == "kubernetes.io/service-account-token");
  CHECK(secret->service_account_name == "default");

  // Field 3 of other kinds is something else.
  CHECK(understood(body("Pod", bytes(1, bytes(1, "a")) + bytes(3, "s") + bytes(3, "s"))) ==
        "Pod /a|");
}

TEST_CASE("body facts, protobuf: options of a DELETE have no metadata") {
  CHECK(understood(body("DeleteOptions", number(1, 30) + bytes(4, "Background"))) ==
        "DeleteOptions /|");
}

TEST_CASE("body facts, protobuf: H142-H144, repeated fields and broken framing") {
  const std::string good = pod(bytes(1, "nginx-9"));
  CHECK(understood(good) == "Pod /nginx-9|");
  const std::string name = bytes(1, "nginx-9");
  const std::string raw = bytes(2, bytes(1, name));
  const std::string types = type_meta("v1", "Pod");

  CHECK(understood(pod(bytes(1, "nginx-9") + bytes(1, "db-0"))) == "400");  // H142
  CHECK(understood(pod(bytes(2, "a") + bytes(2, "b"))) == "400");
  CHECK(understood(pod(bytes(3, "a") + bytes(3, "b"))) == "400");
  CHECK(understood(kMagic + types + raw + raw) == "400");  // H143
  CHECK(understood(types + raw) == "400");                 // H144: magic
  CHECK(understood(kMagic.substr(0, 3) + types + raw) == "400");
  CHECK(understood("") == "400");
  CHECK(understood(kMagic) == "400");
  CHECK(understood(kMagic + types) == "400");
  for (std::size_t cut = 1; cut < good.size() - 4; ++cut) {  // H144: cut
    CAPTURE(cut);
    const std::string text = good.substr(0, good.size() - cut);
    // A cut between two fields leaves a whole message, without its empty tail.
    const bool between = cut == 2;
    CHECK(understood(text) == (between ? "Pod /nginx-9|" : "400"));
    if (between) break;
  }
  CHECK(understood(kMagic + types + "\x12\xff\xff\xff\xff\x0f") == "400");  // length
  CHECK(understood(kMagic + types + types + raw) == "400");
  CHECK(understood(kMagic + raw) == "400");  // no kind
  CHECK(understood(kMagic + type_meta("v1", "") + raw) == "400");
  CHECK(understood(kMagic + bytes(1, bytes(2, "Pod") + bytes(2, "Secret")) + raw) == "400");
  CHECK(understood(kMagic + bytes(1, bytes(2, "Pod") + bytes(3, "x")) + raw) == "400");
  CHECK(understood(kMagic + types + raw + bytes(3, "gzip")) == "400");
  CHECK(understood(kMagic + types + raw + bytes(4, "application/json")) == "400");
  CHECK(understood(kMagic + types + raw + bytes(5, "x")) == "400");
  CHECK(understood(kMagic + types + number(2, 1)) == "400");
}

TEST_CASE("body facts, protobuf: metadata exactly once, strings where strings belong") {
  CHECK(understood(body("Pod", "")) == "400");
  CHECK(understood(body("Pod", bytes(1, bytes(1, "a")) + bytes(1, bytes(1, "b")))) == "400");
  CHECK(understood(body("Pod", bytes(1, bytes(1, "a")) + bytes(1, ""))) == "400");
  CHECK(understood(body("Pod", number(1, 1))) == "400");
  CHECK(understood(pod(number(1, 1))) == "400");
  CHECK(understood(pod(bytes(1, "\xff"))) == "400");
  CHECK(understood(pod(bytes(1, std::string("a\0b", 3)))) == "400");
  CHECK(understood(body("Secret", bytes(1, "") + bytes(3, "a") + bytes(3, "b"))) == "400");
  CHECK(understood(body("Secret", bytes(1, "") + number(3, 1))) == "400");
  const std::string annotation = bytes(12, bytes(1, "k") + bytes(2, "v"));
  CHECK(understood(pod(annotation + annotation)) == "400");
  CHECK(understood(pod(bytes(12, bytes(1, "k") + bytes(1, "l")))) == "400");
  CHECK(understood(pod(bytes(12, bytes(3, "k")))) == "400");
  CHECK(understood(pod(number(12, 1))) == "400");
  CHECK(understood(body("PodList", bytes(1, bytes(2, "7")))) == "400");
  CHECK(understood(body("List", bytes(1, ""))) == "400");
}

TEST_CASE("body facts, protobuf: tags that Go and C++ cut differently are refused") {
  const std::string types = type_meta("v1", "Pod");
  // Bit 32 of a tag: field 1 for readers that cut at 32 bits, an unknown field for Go.
  const std::string wide_tag = varint((std::uint64_t{1} << 32U) | 10U) + varint(7) + "nginx-9";
  CHECK(understood(pod(wide_tag + bytes(2, "db-"))) == "400");
  // An over-long spelling of tag 10 and of a length.
  CHECK(understood(pod(std::string("\x8a\x00", 2) + varint(1) + "a")) == "400");
  CHECK(understood(pod(std::string("\x0a\x81\x00", 3) + "a")) == "400");
  // Field number zero, groups, wire types 6 and 7.
  CHECK(understood(pod(std::string("\x02\x00", 2))) == "400");
  CHECK(understood(pod("\x0b\x0c")) == "400");
  CHECK(understood(pod(std::string("\x0e\x00", 2))) == "400");
  CHECK(understood(pod("\x8a\x8a\x8a\x8a\x8a\x8a\x8a\x8a\x8a\x8a\x8a")) == "400");
}

TEST_CASE("protobuf reader: fixed-width fields are stepped over") {
  ProtobufReader reader(
      std::string_view("\x09"
                       "12345678"
                       "\x15"
                       "1234"
                       "\x1a\x01x"
                       "\x20\x05",
                       19));
  ProtobufField field;
  REQUIRE(reader.next(field));
  CHECK(field.number == 1);
  CHECK_FALSE(field.is_bytes);
  REQUIRE(reader.next(field));
  CHECK(field.number == 2);
  REQUIRE(reader.next(field));
  CHECK(field.bytes == "x");
  REQUIRE(reader.next(field));
  CHECK(field.number == 4);
  CHECK_FALSE(reader.next(field));
  CHECK_FALSE(reader.failed());
}

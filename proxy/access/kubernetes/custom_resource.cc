#include "proxy/access/kubernetes/custom_resource.h"

#include "kube/text.h"
#include "proxy/crypto/base64url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <stdexcept>

// Tested by tests/proxy/access/kubernetes/custom_resource_test.cc
namespace postern::proxy::access {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPlainName = 200;
constexpr std::string_view kHashPrefix = "h-";
constexpr std::size_t kHashedName = 2 + 64;

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// RFC 1123, as apimachinery's NameIsDNSSubdomain.
bool is_dns_subdomain(std::string_view name) {
  if (name.empty() || name.size() > kMaxPlainName) return false;
  char before = '.';
  for (const char c : name) {
    const bool edge = before == '.';
    if (!(is_lower_alnum(c) || (!edge && c == '-') || (!edge && before != '-' && c == '.'))) {
      return false;
    }
    before = c;
  }
  return is_lower_alnum(before);
}

bool looks_hashed(std::string_view name) {
  return name.size() == kHashedName && name.starts_with(kHashPrefix);
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL failed: SHA-256");
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest.at(i) >> 4U];
    text += kDigits[digest.at(i) & 15U];
  }
  return text;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

/// What is no base64 does not have the seal either.
void decode(const json& spec, const char* how, std::string& text) {
  if (text_of(spec, how) == "base64") text = base64url_decode(text).value_or("");
}

void encode(json& spec, const char* key, const char* how, const std::string& text) {
  const bool plain = kube::is_utf8(text);
  spec[key] = plain ? text : base64url_encode(text);
  if (!plain) spec[how] = "base64";
}

void read_spec(const json& spec, CustomResource& resource) {
  const auto removed = spec.find("removed");
  resource.removed = removed != spec.end() && removed->is_boolean() && removed->get<bool>();
  resource.nonce = text_of(spec, "nonce");
  resource.seal = text_of(spec, "seal");
  resource.name = text_of(spec, "name");
  resource.data = text_of(spec, "data");
  decode(spec, "nameEncoding", resource.name);
  decode(spec, "encoding", resource.data);
}

json spec_of(const CustomResource& resource, const Summary& summary, bool blank) {
  json spec;
  encode(spec, "name", "nameEncoding", resource.name);
  if (blank) return spec;
  encode(spec, "data", "encoding", resource.data);
  spec["nonce"] = resource.nonce;
  spec["seal"] = resource.seal;
  if (resource.removed) spec["removed"] = true;
  if (!summary.empty()) spec["summary"] = summary;
  return spec;
}

}  // namespace

std::string object_name_of(std::string_view name) {
  if (is_dns_subdomain(name) && !looks_hashed(name)) return std::string(name);
  return std::string(kHashPrefix) + sha256_hex(name);
}

Verdict judge(const Sealer& sealer, std::string_view kind, const CustomResource& resource) {
  if (resource.name.empty() || object_name_of(resource.name) != resource.object_name) {
    return Verdict::kForged;
  }
  if (resource.seal.empty()) {
    const bool bare = resource.generation == 1 && resource.data.empty() && !resource.removed;
    return bare ? Verdict::kUnfinished : Verdict::kForged;
  }
  if (!sealer.fits(resource.state(kind), resource.seal)) return Verdict::kForged;
  return resource.removed ? Verdict::kRemoved : Verdict::kPresent;
}

std::optional<CustomResource> read_custom_resource(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return std::nullopt;
  CustomResource resource;
  resource.object_name = text_of(*metadata, "name");
  resource.uid = text_of(*metadata, "uid");
  const auto version = number_of(text_of(*metadata, "resourceVersion"));
  if (resource.object_name.empty() || resource.uid.empty() || !version) return std::nullopt;
  resource.version = *version;
  const auto generation = metadata->find("generation");
  if (generation != metadata->end() && generation->is_number_integer()) {
    resource.generation = generation->get<std::uint64_t>();
  }
  const auto spec = object.find("spec");
  if (spec != object.end() && spec->is_object()) read_spec(*spec, resource);
  return resource;
}

std::string write_custom_resource(const ResourceKind& kind, std::string_view in_namespace,
                                  const CustomResource& resource, const Summary& summary) {
  const bool blank = resource.version == 0;
  json metadata{{"name", resource.object_name}, {"namespace", in_namespace}};
  if (!blank) {
    metadata["uid"] = resource.uid;
    metadata["resourceVersion"] = std::to_string(resource.version);
  }
  const json object{{"apiVersion", std::string(kStoreGroup) + "/" + std::string(kStoreVersion)},
                    {"kind", kind.kubernetes_kind},
                    {"metadata", std::move(metadata)},
                    {"spec", spec_of(resource, summary, blank)}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace postern::proxy::access

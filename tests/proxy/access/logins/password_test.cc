#include "proxy/access/logins/password.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <vector>

using namespace postern::proxy::access;

namespace {

/// The vector of RFC 7914 §12 for "pleaseletmein" and the salt "SodiumChloride", cut to 32 bytes.
const std::string kVector =
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046_2o-7qQT44-qbVD9lRdofI";

/// What scrypt was asked for, in the order of the calls: "N r p".
std::vector<std::string> work_done;

}  // namespace

// The program's own goes before the library's: it notes the work, and does it.
extern "C" int EVP_PBE_scrypt(const char* pass, size_t passlen, const unsigned char* salt,
                              size_t saltlen, uint64_t n, uint64_t r, uint64_t p, uint64_t maxmem,
                              unsigned char* key, size_t keylen) {
  work_done.push_back(std::to_string(n) + " " + std::to_string(r) + " " + std::to_string(p));
  static const auto real =
      reinterpret_cast<decltype(&EVP_PBE_scrypt)>(::dlsym(RTLD_NEXT, "EVP_PBE_scrypt"));
  return real(pass, passlen, salt, saltlen, n, r, p, maxmem, key, keylen);
}

TEST_CASE("a password is known by its hash") {
  const std::string hash = hash_password("correct horse").value();
  CHECK(hash.starts_with("$scrypt$ln=15,r=8,p=1$"));
  CHECK(hash.size() == 22 + 22 + 1 + 43);
  CHECK(check_password("correct horse", hash).value());
  CHECK_FALSE(check_password("correct horsf", hash).value());
  CHECK_FALSE(check_password("correct horse ", hash).value());
  CHECK_FALSE(check_password("", hash).value());
  CHECK_FALSE(check_password(std::string("correct horse\0x", 15), hash).value());
  CHECK(hash_password("correct horse").value() != hash);  // another salt
  CHECK_FALSE(is_outdated(hash));
}

TEST_CASE("hashes of others' scrypt with the same parameters are the same") {
  CHECK(check_password("pleaseletmein", kVector).value());
  CHECK_FALSE(check_password("pleaseletmeout", kVector).value());
  CHECK(is_outdated(kVector));
}

TEST_CASE("who is not there has no password, at the same price") {
  CHECK_FALSE(check_password("anything", "").value());
  CHECK_FALSE(check_password("", "").value());
  const std::string hash = hash_password("correct horse").value();
  work_done.clear();
  CHECK_FALSE(check_password("wrong one", hash).value());
  CHECK_FALSE(check_password("wrong one", "").value());
  CHECK_FALSE(check_password("", hash).value());
  CHECK_FALSE(check_password(std::string(kMaxPasswordBytes + 1, 'x'), hash).value());
  CHECK_FALSE(check_password("wrong one", "nonsense").has_value());
  CHECK(work_done == std::vector<std::string>(5, "32768 8 1"));
}

TEST_CASE("what hash_password did not write is an error") {
  for (const std::string& stored : {
           std::string("x"),
           std::string("$scrypt$"),
           "$argon2id$" + kVector.substr(8),
           kVector + "A",
           kVector.substr(0, kVector.size() - 1),
           kVector + "$",
           " " + kVector,
           // Costs that nobody meant: the memory of a whole machine, hours, nothing.
           "$scrypt$ln=30,r=8,p=1" + kVector.substr(21),
           "$scrypt$ln=14,r=4096,p=1" + kVector.substr(21),
           "$scrypt$ln=14,r=8,p=1000" + kVector.substr(21),
           "$scrypt$ln=0,r=8,p=1" + kVector.substr(21),
           "$scrypt$ln=-1,r=8,p=1" + kVector.substr(21),
           "$scrypt$ln=14,r=8" + kVector.substr(21),
           "$scrypt$ln=14,r=8,p=1,x=1" + kVector.substr(21),
           "$scrypt$ln=14,r=8,p=1$$" + kVector.substr(kVector.rfind('$') + 1),
           kVector.substr(0, kVector.rfind('$') + 1),
       }) {
    CAPTURE(stored);
    const auto checked = check_password("pleaseletmein", stored);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == 500);
    CHECK(checked.error().message == "a stored password hash cannot be read");
    CHECK_FALSE(is_outdated(stored));
  }
}

TEST_CASE("new passwords are long enough and can be typed") {
  CHECK(password_fault("correct horse", "alice").empty());
  CHECK(password_fault("12345678", "alice").empty());
  CHECK(password_fault("p\u00e4ssw\u00f6rd", "alice").empty());  // eight characters
  CHECK(password_fault("\u5bc6\u7801\u5bc6\u7801\u5bc6\u7801\u5bc6\u7801", "alice").empty());
  CHECK(password_fault(std::string(1023, 'a') + "b", "alice").empty());

  CHECK(password_fault("", "alice") == "a password has at least 8 characters");
  CHECK(password_fault("seven77", "alice") == "a password has at least 8 characters");
  CHECK(password_fault("p\u00e4\u00e4\u00e4\u00e4w", "alice") ==
        "a password has at least 8 characters");
  CHECK(password_fault(std::string(1024, 'a') + "b", "alice") ==
        "a password has at most 1024 bytes");
  CHECK(password_fault("aaaaaaaaaaaa", "alice") ==
        "a password is not one character again and again");
  CHECK(password_fault("alice.smith", "Alice.Smith") == "a password is not the user's name");
  const std::string untypable = "a password has no control characters and is UTF-8";
  CHECK(password_fault("correct\nhorse", "alice") == untypable);
  CHECK(password_fault(std::string("correct\0horse", 13), "alice") == untypable);
  CHECK(password_fault("correct \xff horse", "alice") == untypable);
  CHECK(password_fault("correct \u202e horse", "alice") == untypable);
}

#include "proxy/authn/certificate_names.h"

#include "kube/text.h"
#include "proxy/authn/identity.h"
#include "proxy/net/openssl.h"

#include <ctime>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::proxy {
namespace {

/// The values of one kind in a name, converted to UTF-8.
tl::expected<std::vector<std::string>, std::string> values(const X509_NAME* name, int nid) {
  std::vector<std::string> found;
  for (int i = X509_NAME_get_index_by_NID(name, nid, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(name, nid, i)) {
    const ASN1_STRING* const data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
    unsigned char* utf8 = nullptr;
    const int length = ASN1_STRING_to_UTF8(&utf8, data);
    if (length < 0) {
      ERR_clear_error();
      return Refusal("the client certificate's subject is not readable text");
    }
    found.emplace_back(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
    OPENSSL_free(utf8);
  }
  return found;
}

}  // namespace

tl::expected<rbac::UserInfo, std::string> certificate_identity(X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  auto names = values(subject, NID_commonName);
  if (!names) return Refusal(std::move(names.error()));
  if (names->size() != 1) {
    return Refusal(names->empty() ? "the client certificate has no common name"
                                  : "the client certificate has several common names");
  }
  auto groups = values(subject, NID_organizationName);
  if (!groups) return Refusal(std::move(groups.error()));
  return rbac::UserInfo{std::move(names->front()), std::move(*groups), {}};
}

std::chrono::system_clock::time_point certificate_end(const X509* certificate) {
  const auto never = std::chrono::system_clock::time_point::max();
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return never;
  // system_clock counts nanoseconds and ends in 2262.
  if (parts.tm_year > 2200 - 1900) return never;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string subject_text(const X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return kube::printable(std::string_view(data, static_cast<std::size_t>(length)));
}

}  // namespace postern::proxy

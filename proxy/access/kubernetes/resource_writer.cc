#include "proxy/access/kubernetes/resource_writer.h"

#include "proxy/access/store/store_errors.h"
#include "proxy/crypto/base64url.h"

#include <utility>

// Tested by tests/proxy/access/kubernetes/ and tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

constexpr int kTries = 10;

std::optional<Version> version_of(const auto& current) {
  if (!current || current->verdict != Verdict::kPresent) return std::nullopt;
  return current->resource.version;
}

std::string new_nonce() {
  const MasterKey::Bytes bytes = MasterKey::random();
  return base64url_encode({reinterpret_cast<const char*>(bytes.data()), 16});
}

/// In the words of a store: what the API server refuses for its own reasons.
kube::Status refused(const ResourceKind& kind, kube::Status status) {
  const std::string what = kind.resource + "." + std::string(kStoreGroup) + ": " + status.message;
  const bool large = status.code == 413 ||
                     status.message.find("request is too large") != std::string::npos ||
                     status.message.find("larger than max") != std::string::npos;
  if (large) return kube::Status::too_large(what);
  if (status.code >= 500 && status.code != 501) return kube::Status::unavailable(what);
  if (status.code == 429) return kube::Status::unavailable(what);
  if (status.code == 403) {
    return kube::Status::unavailable("postern may not write to its store: " + what);
  }
  return kube::Status::internal(what);
}

}  // namespace

ResourceWriter::ResourceWriter(CustomResourceClient& client, const LocalCopy& copy,
                               Summarize summarize)
    : client_(client), copy_(copy), summarize_(std::move(summarize)) {}

std::optional<ResourceWriter::Current> ResourceWriter::remembered(
    std::size_t kind, const std::string& object_name) const {
  auto known = copy_.known(kind, object_name);
  if (!known) return std::nullopt;
  return Current{std::move(known->resource), known->verdict};
}

Task<Result<std::optional<ResourceWriter::Current>>> ResourceWriter::look(std::size_t kind,
                                                                          std::string object_name) {
  auto resource = co_await client_.get(copy_.kinds()[kind], std::move(object_name));
  if (!resource) {
    if (resource.error().code == 404) co_return std::optional<Current>();
    co_return fail(refused(copy_.kinds()[kind], std::move(resource.error())));
  }
  const Verdict verdict = judge(copy_.sealer(), copy_.kinds()[kind].kind, *resource);
  co_return std::optional<Current>(Current{std::move(*resource), verdict});
}

Task<Result<void>> ResourceWriter::check(const Write& write) {
  const auto kind = copy_.index_of(write.kind);
  if (!kind) {
    co_return fail(kube::Status::unprocessable("\"" + write.kind + "\" is no kind of the store"));
  }
  const std::string name = object_name_of(write.name);
  if (check_precondition(write, version_of(remembered(*kind, name)))) co_return Result<void>();
  // The copy may be a moment behind.
  const auto now = co_await look(*kind, name);
  if (!now) co_return fail(now.error());
  co_return check_precondition(write, version_of(*now));
}

Task<Result<ResourceWriter::Current>> ResourceWriter::make_blank(std::size_t kind,
                                                                 const Write& write) {
  CustomResource blank;
  blank.object_name = object_name_of(write.name);
  blank.name = write.name;
  auto made = co_await client_.create(copy_.kinds()[kind], blank, {});
  if (made) co_return Current{std::move(*made), Verdict::kUnfinished};
  if (made.error().code != 409 && made.error().code < 500) {
    co_return fail(refused(copy_.kinds()[kind], std::move(made.error())));
  }
  // Somebody else was faster, or it is not known what happened: a blank one does no harm.
  auto now = co_await look(kind, blank.object_name);
  if (!now) co_return fail(std::move(now.error()));
  if (!*now) co_return fail(refused(copy_.kinds()[kind], std::move(made.error())));
  co_return std::move(**now);
}

Task<Result<CustomResource>> ResourceWriter::replace(std::size_t kind, const Write& write,
                                                     const CustomResource& before) {
  CustomResource next;
  next.object_name = before.object_name;
  next.uid = before.uid;
  next.version = before.version;
  next.generation = before.generation + 1;
  next.name = write.name;
  next.removed = write.action == Write::Action::kRemove;
  next.data = write.data;
  next.nonce = new_nonce();
  next.seal = copy_.sealer().seal(next.state(write.kind));
  Summary summary;
  if (!next.removed && summarize_) summary = summarize_(write.kind, write.data);
  auto done = co_await client_.replace(copy_.kinds()[kind], next, summary);
  if (done || (done.error().code < 500 && done.error().code != 409)) co_return done;
  // Sent twice, or its answer lost: what is there says whether it is ours.
  auto now = co_await client_.get(copy_.kinds()[kind], next.object_name);
  if (now && now->seal == next.seal) co_return now;
  co_return done;
}

Task<Result<Version>> ResourceWriter::attempt(std::size_t kind, const Write& write,
                                              std::optional<Current> now) {
  if (auto held = check_precondition(write, version_of(now)); !held) {
    co_return fail(std::move(held.error()));
  }
  if (!now) {
    auto blank = co_await make_blank(kind, write);
    if (!blank) co_return fail(std::move(blank.error()));
    now = std::move(*blank);
    if (auto held = check_precondition(write, version_of(now)); !held) {
      co_return fail(std::move(held.error()));
    }
  }
  const auto done = co_await replace(kind, write, now->resource);
  if (done && done->generation != now->resource.generation + 1) {
    co_return fail(kube::Status::internal("the API server does not count generations of " +
                                          copy_.kinds()[kind].resource));
  }
  if (done) co_return done->version;
  co_return fail(done.error());
}

Task<Result<Version>> ResourceWriter::write(Write write) {
  const auto kind = copy_.index_of(write.kind);
  if (!kind) {
    co_return fail(kube::Status::unprocessable("\"" + write.kind + "\" is no kind of the store"));
  }
  const std::string name = object_name_of(write.name);
  std::optional<Current> now = remembered(*kind, name);
  bool fresh = false;
  for (int tries = 0; tries < kTries; ++tries) {
    auto done = co_await attempt(*kind, write, now);
    if (done) co_return done;
    // What the API server says of a write that lost a race, and what a copy that is behind says.
    const auto code = done.error().code;
    const bool lost = code == 409 || code == 404;
    if (!lost) co_return fail(refused(copy_.kinds()[*kind], std::move(done.error())));
    if (fresh && !check_precondition(write, version_of(now))) co_return done;
    auto looked = co_await look(*kind, name);
    if (!looked) co_return fail(std::move(looked.error()));
    now = std::move(*looked);
    fresh = true;
  }
  co_return fail(kube::Status::unavailable("too many others write " + write.kind + " \"" +
                                           write.name + "\" at the same time"));
}

Task<void> ResourceWriter::tidy(std::size_t kind, CustomResource resource) {
  const auto done = co_await client_.remove(copy_.kinds()[kind], resource);
  static_cast<void>(done);  // what is left is looked at again
}

}  // namespace postern::proxy::access

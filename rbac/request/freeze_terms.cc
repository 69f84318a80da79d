#include "rbac/request/freeze_terms.h"

#include "kube/text.h"
#include "rbac/request/field_errors.h"
#include "rbac/request/role_match.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace postern::rbac::request {
namespace {

/// Gives each distinct threshold its index.
class ThresholdTable {
 public:
  explicit ThresholdTable(std::vector<Threshold>& thresholds) : thresholds_(thresholds) {}

  tl::expected<std::size_t, ExpressionError> index_of(const ReviewThreshold& source) {
    const auto [found, is_new] = indexes_.try_emplace(
        std::tuple(source.name, source.filter, source.approve, source.deny), thresholds_.size());
    if (is_new) {
      auto filter = Expression::parse(source.filter, ExpressionUse::kFilter);
      if (!filter) {
        return tl::unexpected(std::move(filter.error()));
      }
      thresholds_.push_back({source.name, std::move(*filter), source.approve, source.deny});
    }
    return found->second;
  }

 private:
  std::vector<Threshold>& thresholds_;
  std::map<std::tuple<std::string, std::string, std::uint32_t, std::uint32_t>, std::size_t>
      indexes_;
};

std::vector<std::string> listed_by(const Role& own, const Traits& traits,
                                   const std::vector<std::string>& requested) {
  std::vector<std::string> listed;
  std::copy_if(requested.begin(), requested.end(), std::back_inserter(listed),
               [&](const std::string& role) { return lists(own, traits, role); });
  return listed;
}

using AnnotationSet = std::map<std::string, std::set<std::string>, std::less<>>;

void add_annotations(const RequestConditions& conditions, const Traits& traits,
                     AnnotationSet& values) {
  for (const auto& [key, templates] : conditions.annotations) {
    for (const TraitTemplate& source : templates) {
      for (std::string& value : source.expand(traits)) {
        values[key].insert(std::move(value));
      }
    }
  }
}

}  // namespace

Result<void> freeze_thresholds(AccessRequest& request, const Person& requester,
                               const Limits& limits) {
  static const std::vector<ReviewThreshold> kOneReview(1);
  ThresholdTable table(request.thresholds);
  for (const auto& own : requester.roles) {
    ThresholdSet set{own->name, listed_by(*own, requester.traits, request.spec.roles), {}};
    if (set.roles.empty()) {
      continue;
    }
    const auto& written = own->allow.request.thresholds;
    for (const ReviewThreshold& source : written.empty() ? kOneReview : written) {
      const auto index = table.index_of(source);
      if (!index) {
        return fail(
            refused(requester.name, "create", "", "",
                    "the role " + kube::quoted(own->name) +
                        " has a threshold whose filter cannot be read: " + index.error().str()));
      }
      set.thresholds.push_back(*index);
    }
    request.threshold_sets.push_back(std::move(set));
  }
  if (request.thresholds.size() > limits.thresholds) {
    FieldErrors errors;
    errors.too_many("spec.roles", request.thresholds.size(), limits.thresholds);
    return fail(errors.status(request.name));
  }
  return {};
}

ValueMap collect_annotations(const Person& requester, const std::vector<std::string>& requested) {
  AnnotationSet allowed;
  AnnotationSet denied;
  for (const auto& own : requester.roles) {
    if (!listed_by(*own, requester.traits, requested).empty()) {
      add_annotations(own->allow.request, requester.traits, allowed);
    }
    add_annotations(own->deny.request, requester.traits, denied);
  }
  ValueMap annotations;
  for (auto& [key, values] : allowed) {
    for (const std::string& value : denied[key]) {
      values.erase(value);
    }
    if (!values.empty()) {
      annotations[key].assign(values.begin(), values.end());
    }
  }
  return annotations;
}

std::vector<std::string> default_reviewers(const Person& requester) {
  std::set<std::string> reviewers;
  for (const auto& own : requester.roles) {
    const auto& suggested = own->allow.request.suggested_reviewers;
    reviewers.insert(suggested.begin(), suggested.end());
  }
  for (const auto& own : requester.roles) {
    for (const std::string& denied : own->deny.request.suggested_reviewers) {
      reviewers.erase(denied);
    }
  }
  reviewers.erase(requester.name);
  return {reviewers.begin(), reviewers.end()};
}

}  // namespace postern::rbac::request

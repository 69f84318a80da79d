#include "cli/requests/request_text.h"

#include "cli/output/text_table.h"
#include "kube/text.h"

#include <fmt/format.h>
#include <ostream>

namespace postern::cli {
namespace {

constexpr std::size_t kLabel = 13;

void line(std::ostream& out, const std::string& label, const std::string& text) {
  if (text.empty()) return;
  out << label << ":" << std::string(kLabel - std::min(kLabel, label.size() + 1), ' ') << text
      << "\n";
}

void time_line(std::ostream& out, const std::string& label, const std::string& time,
               TimePoint now) {
  if (!time.empty()) line(out, label, kube::printable(time_with_distance(time, now)));
}

/// A pattern of the effective rules: a text, or a trait's value between two texts.
std::string pattern_text(const Json& pattern) {
  if (pattern.is_string()) return pattern.get<std::string>();
  std::string text;
  for (const Json& piece : pattern) {
    if (piece.is_string()) text += piece.get<std::string>();
  }
  return text;
}

std::string rule_text(const Json& rule) {
  std::string text = joined(texts_at(rule, {"verbs"})) + " on " + text_at(rule, {"kind"});
  const std::string group = pattern_text(find(rule, {"api_group"}));
  if (!group.empty()) text += " of " + group;
  text += " named " + pattern_text(find(rule, {"name"}));
  if (rule.contains("namespace")) text += " in " + pattern_text(find(rule, {"namespace"}));
  return kube::printable(text);
}

void print_conditions(std::ostream& out, const char* word, const Json& conditions) {
  for (const Json& rule : find(conditions, {"resources"})) {
    out << "    " << word << " " << rule_text(rule) << "\n";
  }
  for (const auto& [label, patterns] : find(conditions, {"labels"}).items()) {
    std::vector<std::string> values;
    for (const Json& pattern : patterns) values.push_back(pattern_text(pattern));
    out << "    " << word << " in clusters with " << kube::printable(label) << ": "
        << joined(values) << "\n";
  }
  const std::string groups = joined(texts_at(conditions, {"groups"}));
  const std::string users = joined(texts_at(conditions, {"users"}));
  if (!groups.empty()) out << "    " << word << " as groups " << groups << "\n";
  if (!users.empty()) out << "    " << word << " as users " << users << "\n";
}

}  // namespace

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all += (all.empty() ? "" : ", ") + kube::printable(text);
  }
  return all;
}

void print_request(std::ostream& out, const Json& request, TimePoint now, bool colors) {
  const auto text = [&](std::initializer_list<std::string_view> path) {
    return kube::printable(text_at(request, path));
  };
  line(out, "Request", text({"metadata", "name"}));
  line(out, "User", text({"spec", "user"}));
  line(out, "Roles", joined(texts_at(request, {"spec", "roles"})));
  const auto resources = texts_at(request, {"spec", "resources"});
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const std::string id = kube::printable(resources[i]);
    if (i == 0) {
      line(out, "Resources", id);
    } else {
      out << std::string(kLabel, ' ') << id << "\n";
    }
  }
  if (resources.empty()) line(out, "Resources", "everything that the roles allow");
  line(out, "Reason", text({"spec", "reason"}));
  const std::string reviewers = joined(texts_at(request, {"spec", "suggestedReviewers"}));
  line(out, "Reviewers", reviewers.empty() ? "" : reviewers + " (suggested)");
  line(out, "State", colored_state(text_at(request, {"status", "state"}), colors));
  time_line(out, "Created", text_at(request, {"metadata", "creationTimestamp"}), now);
  if (text_at(request, {"status", "state"}) == "PENDING") {
    time_line(out, "Waits until", text_at(request, {"status", "pendingExpires"}), now);
  }
  time_line(out, "Usable from", text_at(request, {"status", "assumeStartTime"}), now);
  time_line(out, "Access ends", text_at(request, {"status", "accessExpires"}), now);
  line(out, "Revoked by", text({"status", "revokedBy"}));
  line(out, "Because", text({"status", "revokeReason"}));
}

void print_effective(std::ostream& out, const Json& request) {
  const auto implications = texts_at(request, {"status", "implications"});
  if (!implications.empty()) out << "\nWhat it means:\n";
  for (const std::string& sentence : implications) {
    out << "  - " << kube::printable(sentence) << "\n";
  }
  const Json& roles = find(request, {"status", "effective", "roles"});
  if (!roles.empty()) out << "\nWhat it allows, within the resources above:\n";
  for (const Json& role : roles) {
    out << "  role " << kube::printable(text_at(role, {"name"})) << "\n";
    print_conditions(out, "allow", find(role, {"allow"}));
    print_conditions(out, "deny ", find(role, {"deny"}));
  }
  const std::string digest = text_at(request, {"status", "effectiveDigest"});
  if (!digest.empty()) out << "\nDigest:      " << kube::printable(digest) << "\n";
}

void print_preview(std::ostream& out, const Json& preview) {
  const Json& resources = find(preview, {"status", "resources"});
  const auto errors = texts_at(preview, {"status", "errors"});
  if (resources.empty() && errors.empty()) {
    out << "\nIt matches nothing now, as far as you may see.\n";
    return;
  }
  out << "\nWhat it matches now:\n";
  TextTable table{{"  NAME", "NAMESPACE", "RESOURCE ID"}, {}};
  for (const Json& resource : resources) {
    const std::string space = text_at(resource, {"namespace"});
    table.rows.push_back({"  " + text_at(resource, {"name"}), space.empty() ? "-" : space,
                          text_at(resource, {"id"})});
  }
  if (!table.rows.empty()) table.print(out);
  if (is_true(preview, {"status", "truncated"})) out << "  … and more\n";
  for (const std::string& error : errors) {
    out << "  cannot be looked at: " << kube::printable(error) << "\n";
  }
}

void print_reviews(std::ostream& out, const Json& request) {
  const Json& reviews = find(request, {"status", "reviews"});
  out << (reviews.empty() ? "\n" : "\nReviews:\n");
  for (const Json& review : reviews) {
    const std::string reason = text_at(review, {"reason"});
    out << "  " << kube::printable(text_at(review, {"time"})) << "  "
        << kube::printable(text_at(review, {"author"})) << ": "
        << kube::printable(text_at(review, {"decision"}))
        << (reason.empty() ? "" : ", " + kube::printable(reason)) << "\n";
  }
  for (const Json& threshold : find(request, {"status", "thresholds"})) {
    const Json& approve = find(threshold, {"approve"});
    const Json& deny = find(threshold, {"deny"});
    const std::string filter = text_at(threshold, {"filter"});
    const std::string name = text_at(threshold, {"name"});
    out << "Needs:       " << (name.empty() ? "" : kube::printable(name) + ": ")
        << (approve.is_number() ? approve.dump() : "1") << " to approve, "
        << (deny.is_number() ? deny.dump() : "1") << " to deny"
        << (filter.empty() ? "" : ", of those where " + kube::printable(filter)) << "\n";
  }
}

}  // namespace postern::cli

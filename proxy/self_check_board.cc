#include "proxy/self_check_board.h"

#include <algorithm>

// Tested by tests/proxy/self_check_test.cc
namespace postern::proxy {
namespace {

bool has(const std::vector<Problem>& problems, const Problem& one) {
  return std::find(problems.begin(), problems.end(), one) != problems.end();
}

}  // namespace

void SelfCheckBoard::report(const std::string& source, std::vector<Problem> problems) {
  std::vector<Problem> before;
  {
    const std::lock_guard lock(mutex_);
    before = problems_[source];
  }
  if (before == problems) return;
  tell(source, before, problems);  // first: what is shown is in the log
  {
    const std::lock_guard lock(mutex_);
    problems_[source] = std::move(problems);
  }
  if (told_) told_();
}

void SelfCheckBoard::tell(const std::string& source, const std::vector<Problem>& before,
                          const std::vector<Problem>& now) {
  for (const Problem& problem : now) {
    if (has(before, problem)) continue;
    log_.warn("self-check failed",
              {{"of", source}, {"reason", problem.reason}, {"what", problem.message}});
  }
  for (const Problem& problem : before) {
    if (has(now, problem)) continue;
    log_.info("self-check: this is over",
              {{"of", source}, {"reason", problem.reason}, {"what", problem.message}});
  }
}

std::vector<Problem> SelfCheckBoard::problems() const {
  const std::lock_guard lock(mutex_);
  std::vector<Problem> all;
  for (const auto& [source, of_source] : problems_) {
    all.insert(all.end(), of_source.begin(), of_source.end());
  }
  return all;
}

std::vector<std::string> SelfCheckBoard::lines() const {
  std::vector<std::string> lines;
  for (const Problem& problem : problems()) {
    lines.push_back(problem.reason + ": " + problem.message);
  }
  return lines;
}

}  // namespace postern::proxy

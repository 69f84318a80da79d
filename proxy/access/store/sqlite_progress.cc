#include "proxy/access/store/sqlite_progress.h"

namespace postern::proxy::access {

Result<SqliteProgress> SqliteProgress::read(const Database& database) {
  SqliteProgress progress;
  Result<Statement> state = database.prepare("SELECT version, forgotten FROM state");
  if (!state) return fail(state.error());
  Result<bool> row = state->step();
  if (!row) return fail(row.error());
  if (!*row) {
    return fail(kube::Status::internal(database.path() + ": the database has lost its version; "
                                                         "restore it from a backup"));
  }
  progress.version_ = state->number(0);
  progress.forgotten_ = state->number(1);
  Result<Statement> history =
      database.prepare("SELECT version, bytes FROM history ORDER BY version");
  if (!history) return fail(history.error());
  for (;;) {
    row = history->step();
    if (!row) return fail(row.error());
    if (!*row) return progress;
    progress.history_.push_back({history->number(0), history->number(1)});
    progress.bytes_ += history->number(1);
  }
}

Version SqliteProgress::forgotten_with(const std::vector<Remembered>& added,
                                       const HistoryLimits& limits) const {
  std::size_t left = history_.size() + added.size();
  std::uint64_t bytes = bytes_;
  for (const Remembered& each : added) {
    bytes += each.bytes;
  }
  Version forgotten = forgotten_;
  for (std::size_t gone = 0; left > limits.changes || bytes > limits.bytes; ++gone, --left) {
    const Remembered& oldest =
        gone < history_.size() ? history_[gone] : added[gone - history_.size()];
    bytes -= oldest.bytes;
    forgotten = oldest.version;
  }
  return forgotten;
}

void SqliteProgress::advance(const std::vector<Remembered>& added, Version forgotten) {
  for (const Remembered& each : added) {
    history_.push_back(each);
    bytes_ += each.bytes;
  }
  while (!history_.empty() && history_.front().version <= forgotten) {
    bytes_ -= history_.front().bytes;
    history_.pop_front();
  }
  version_ = added.back().version;
  forgotten_ = forgotten;
}

}  // namespace postern::proxy::access

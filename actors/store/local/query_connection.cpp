#include "actors/store/local/query_connection.hpp"

#include <sqlite3.h>

#include <chrono>

namespace troupe::store {

namespace {

constexpr std::int64_t longest_query_ms = 5000;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

result<void> query_connection::connect(const std::string& path) {
  if (auto ok = db_.open(path, true); !ok) return ok;
  sqlite3_progress_handler(
      db_.get(), 10'000, [](void* self) { return static_cast<const query_connection*>(self)->late() ? 1 : 0; }, this);
  return {};
}

query_connection::snapshot::snapshot(query_connection& of) : of_(of), lock_(of.mutex_) {
  of.deadline_ms_ = steady_ms() + longest_query_ms;
  (void)of.db_.run("BEGIN");  // where it fails, so does the query
}

query_connection::snapshot::~snapshot() {
  (void)of_.db_.run("ROLLBACK");
}

bool query_connection::late() const {
  return steady_ms() > deadline_ms_;
}

error query_connection::failed(statement& which) const {
  auto why = which.trouble("query");
  if (late()) why.message = too_long;
  return why;
}

text_list first_of(const std::set<std::string>& all, std::size_t limit) {
  text_list some;
  some.truncated = all.size() > limit;
  for (auto one = all.begin(); one != all.end() && some.texts.size() < limit; ++one)
    some.texts.push_back(*one);
  return some;
}

result<text_list> query_connection::texts(const char* sql, const std::string& argument, std::size_t limit) {
  const snapshot held(*this);
  statement ask(db_, sql);
  if (!argument.empty()) ask.bind(1, argument);
  text_list all;
  while (ask.step()) {
    if (all.texts.size() == limit) {
      all.truncated = true;
      break;
    }
    all.texts.emplace_back(ask.text(0));
  }
  if (ask.failed()) return tl::unexpected(failed(ask));
  return all;
}

}  // namespace troupe::store

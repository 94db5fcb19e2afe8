#include "actors/store/local/label_index.hpp"

#include <sqlite3.h>

namespace troupe::store {

label_index::label_index(connection& db, const std::string& table, const std::string& column)
    : db_(db),
      find_(db, ("SELECT id, labels FROM " + table + " WHERE hash = ?").c_str()),
      add_(db, ("INSERT INTO " + table + "(hash, labels) VALUES(?, ?)").c_str()),
      add_label_(db, ("INSERT OR IGNORE INTO labels(name, value, " + column + ") VALUES(?, ?, ?)").c_str()) {}

result<label_index::place> label_index::find_or_add(std::uint64_t hash, std::string_view text,
                                                    std::span<const telemetry::label_view> labels) {
  const auto key = static_cast<std::int64_t>(hash);
  place made;
  find_.bind(1, key);
  while (made.id == 0 && find_.step()) {
    if (find_.text(1) == text) made.id = find_.integer(0);
  }
  find_.reset();
  if (find_.failed()) return tl::unexpected(find_.trouble("store"));
  if (made.id != 0) return made;
  if (auto ok = add_.bind(1, key).bind(2, text).execute("store"); !ok) return tl::unexpected(ok.error());
  made = {sqlite3_last_insert_rowid(db_.get()), true};
  for (const auto& [name, value] : labels) {
    if (auto ok = add_label_.bind(1, name).bind(2, value).bind(3, made.id).execute("store"); !ok)
      return tl::unexpected(ok.error());
  }
  return made;
}

}  // namespace troupe::store

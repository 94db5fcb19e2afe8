#pragma once

// A pipeline from targets to a backend, and what the tests of its parts look at.

#include <string>
#include <vector>

#include "tests/process/world.hpp"

namespace troupe::testing {

inline std::size_t lines_with(const std::string& log, const std::string& text) {
  std::size_t count = 0;
  for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1))
    ++count;
  return count;
}

inline std::string pipeline(const std::vector<std::string>& targets, const std::string& url,
                            const std::string& endpoint = "", const std::string& scrape = "") {
  std::string list;
  for (const auto& one : targets)
    list += "{\"__address__\" = \"" + one + "\"}, ";
  return "prometheus.scrape \"t\" {\n  targets = [" + list +
         "]\n  forward_to = [prometheus.remote_write.t.receiver]\n"
         "  scrape_interval = \"200ms\"\n  scrape_timeout = \"200ms\"\n" +
         scrape +
         "}\n"
         "prometheus.remote_write \"t\" {\n  endpoint {\n    url = \"" +
         url +
         "\"\n    queue_config {\n      batch_send_deadline = \"100ms\"\n"
         "      max_backoff = \"200ms\"\n    }\n    metadata_config {\n      send_interval = \"1s\"\n    }\n" +
         endpoint + "  }\n}\n";
}

inline std::string counting(int number) {
  return "# HELP scraped_total How often this page was made.\n# TYPE scraped_total counter\nscraped_total " +
         std::to_string(number) + "\n";
}

/// Every value from 1 on is there once, in order.
inline bool each_once(const std::vector<backend::received>& all, std::size_t at_least) {
  if (all.size() < at_least) return false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].value != static_cast<double>(i + 1)) return false;
  }
  return true;
}

}  // namespace troupe::testing

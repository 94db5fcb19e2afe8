#pragma once

// A journal in a directory of its own.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "protocol/journal/journal.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_directory.hpp"

namespace troupe::journal {

struct fixture {
  testing::temporary_directory directory;
  posix_disk disk;
  options settings;
  open_report report;
  std::unique_ptr<journal> of;
  std::int64_t now = 1'000'000;

  fixture() { open(); }
  void open() {
    of.reset();
    report = {};
    auto opened = journal::open(disk, directory.file("j"), settings, report);
    REQUIRE(opened);
    of = std::move(*opened);
  }
  sequence append(const std::string& text, origin from = {}, std::vector<definition_id> needs = {}) {
    const auto at = of->append(
        text, 1, from, needs, [](definition_id id) { return "definition " + std::to_string(id); }, now);
    REQUIRE(at);
    return *at;
  }
  std::vector<std::string> read(sequence from = 0) {
    std::vector<std::string> all;
    reader r(*of, from);
    for (;;) {
      const auto one = r.next();
      REQUIRE(one);
      if (!*one) return all;
      all.emplace_back((*one)->payload);
    }
  }
  std::vector<std::string> segments() {
    std::vector<std::string> names;
    const auto listed = disk.list(directory.file("j"));
    for (const auto& one : *listed) {
      if (first_of_segment(one)) names.push_back(directory.file("j") + "/" + one);
    }
    return names;
  }
};

inline std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i <= to; ++i)
    all.push_back("record " + std::to_string(i));
  return all;
}

inline void flip(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

}  // namespace troupe::journal

#include "actors/app/seed.hpp"

#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "actors/runtime/clocks.hpp"

namespace troupe::app {

namespace {

constexpr std::size_t uuid_length = 36;

bool is_uuid(const std::string& text) {
  if (text.size() != uuid_length) return false;
  for (std::size_t i = 0; i < uuid_length; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

/// Version 4 of RFC 9562: random.
std::string random_uuid() {
  std::random_device random;
  std::array<unsigned, 4> words{random(), random(), random(), random()};
  words[1] = (words[1] & 0xffff0fffu) | 0x4000u;
  words[2] = (words[2] & 0x3fffffffu) | 0x80000000u;
  std::array<char, uuid_length + 1> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16, words[1] & 0xffffu,
                words[2] >> 16, words[2] & 0xffffu, words[3]);
  return text.data();
}

/// Empty: there is none.
std::string uid_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  const auto seed = nlohmann::json::parse(in, nullptr, false);
  if (!seed.is_object()) return {};
  const auto uid = seed.find("UID");
  return uid != seed.end() && uid->is_string() && is_uuid(*uid) ? uid->get<std::string>() : std::string();
}

}  // namespace

result<std::string> collector_uid(const std::filesystem::path& storage, std::string_view version) {
  const auto file = storage / "seed.json";
  if (auto known = uid_in(file); !known.empty()) return known;
  const auto uid = random_uuid();
  const nlohmann::json seed = {
      {"UID", uid}, {"created_at", runtime::rfc3339(runtime::clocks().wall_ms())}, {"version", version}};
  // In its place at once or not at all: a collector killed meanwhile reads a whole one the next time.
  const auto fresh = storage / "seed.json.new";
  std::ofstream out(fresh, std::ios::trunc);
  out << seed.dump() << '\n';
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(fresh, file, error);
  if (!out || error) return failure("can't write " + file.string());
  return uid;
}

}  // namespace troupe::app

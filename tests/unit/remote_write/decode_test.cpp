#include "protocol/remote_write/decode.hpp"

#include <snappy.h>

#include <random>

#include "tests/catch.hpp"

using namespace troupe;
using namespace troupe::remote_write;

namespace {

result<write_request> decoded(std::string_view raw, const decode_limits& limits = {}) {
  std::string packed;
  snappy::Compress(raw.data(), raw.size(), &packed);
  return decode_request(packed, limits);
}

std::string field(char tag, std::string_view bytes) {
  REQUIRE(bytes.size() < 128);
  return std::string{tag, static_cast<char>(bytes.size())} += bytes;
}
std::string label(std::string_view name, std::string_view value) {
  return field(0x0a, field(0x0a, name) + field(0x12, value));
}
std::string series(const std::string& body) {
  return field(0x0a, body);
}

}  // namespace

TEST_CASE("a message is read field by field") {
  const std::string one(8, '\0');
  const std::string sample = std::string("\x09\0\0\0\0\0\0\xf8\x3f\x10\x85\x01", 12);  // 1.5 at 133
  const std::string exemplar = label("trace_id", "t") + std::string("\x11\0\0\0\0\0\0\0\x40\x18\x07", 11);
  const auto got =
      decoded(series(label("b", "2") + label("__name__", "m") + label("none", "") + field(0x12, sample) +
                     field(0x12, sample) + field(0x1a, exemplar)) +
              series("") + field(0x1a, "\x08\x01" + field(0x12, "m") + field(0x22, "h") + field(0x2a, "u")));
  REQUIRE(got);
  REQUIRE(got->series.size() == 2);
  CHECK(got->series[0].labels == telemetry::label_set{{"__name__", "m"}, {"b", "2"}});
  REQUIRE(got->series[0].samples.size() == 2);
  CHECK(got->series[0].samples[1].value == 1.5);
  CHECK(got->series[0].samples[1].timestamp_ms == 133);
  REQUIRE(got->series[0].exemplars.size() == 1);
  CHECK(got->series[0].exemplars[0].labels == telemetry::label_set{{"trace_id", "t"}});
  CHECK(got->series[0].exemplars[0].value == 2);
  CHECK(got->series[0].exemplars[0].timestamp_ms == 7);
  CHECK(got->series[1].labels.empty());
  REQUIRE(got->metadata.size() == 1);
  CHECK(got->metadata[0].type == 1);
  CHECK(got->metadata[0].name == "m");
  CHECK(got->metadata[0].help == "h");
  CHECK(got->metadata[0].unit == "u");
}

TEST_CASE("unknown fields of every type are skipped") {
  const std::string unknown = std::string("\x78\x01", 2) + std::string("\x79zzzzzzzz", 9) + field(0x7a, "zz") +
                              std::string("\x7dzzzz", 5) + std::string("\x12\x02zz", 4);
  const auto got = decoded(unknown + series(label("a", "b")));
  REQUIRE(got);
  REQUIRE(got->series.size() == 1);
  CHECK(got->series[0].labels.get("a") == "b");
}

TEST_CASE("what is malformed is refused, and the error says where and what") {
  const std::string good = series(label("a", "b"));
  struct row {
    std::string raw;
    const char* words;
  };
  const row rows[] = {
      {good + "\x0a\x7f", "no protobuf after 1 series"},                   // longer than what is there
      {good + "\x0a", "no protobuf after 1 series"},                       // no length
      {good + "\x0b", "no protobuf after 1 series"},                       // a group
      {good + std::string("\x02\x00", 2), "no protobuf after 1 series"},   // field 0
      {"\x08" + std::string(9, '\xff') + "\x02", "no protobuf after 0"},   // more than 64 bits
      {"\x08" + std::string(10, '\x80') + "\x01", "no protobuf after 0"},  // more than ten bytes
      {std::string("\x39zzz", 4), "no protobuf after 0"},                  // a short double
      {good + series("\x0a\x05\x0a"), "series 2 of the message: not protobuf"},
      {series(field(0x0a, "\x0a\x05")), "series 1 of the message: not protobuf"},
      {series(label("", "b")), "series 1 of the message: a label without a name"},
      {good + series(label("a", "b") + label("a", "c")), "series 2 of the message: a label stands there twice"},
      {series(field(0x12, "\x09zz")), "series 1 of the message: not protobuf"},
      {series(field(0x1a, field(0x0a, "\x0a\x05"))), "series 1 of the message: not protobuf"},
      {field(0x1a, "\x12\x05"), "metadata 1 of the message: not protobuf"},
  };
  for (const auto& [raw, words] : rows) {
    const auto got = decoded(raw);
    INFO(words);
    REQUIRE_FALSE(got);
    INFO(got.error().message);
    CHECK(got.error().message.find(words) != std::string::npos);
  }
  CHECK_FALSE(decode_request(""));
  CHECK_FALSE(decode_request("no snappy"));
  CHECK_FALSE(decode_request(std::string("\x04\xfc", 2)));
}

TEST_CASE("limits hold before memory is taken") {
  const auto words = [](const result<write_request>& got) { return got ? std::string() : got.error().message; };
  const std::string zeros(1 << 20, '\0');
  CHECK(words(decoded(zeros, {1000, 10, 10})).find("1048576 bytes uncompressed, the limit is 1000") !=
        std::string::npos);
  // A length of 4 GiB, and nothing behind it.
  CHECK(words(decode_request("\xff\xff\xff\xff\x0f")).find("4294967295 bytes") != std::string::npos);
  const std::string three = label("a", "b") + label("c", "d") + label("e", "f");
  CHECK(decoded(series(three), {1000, 3, 4}));
  CHECK(words(decoded(series(three), {1000, 2, 100})) == "series 1 of the message: too many labels");
  CHECK(words(decoded(series(field(0x1a, three)), {1000, 2, 100})) == "series 1 of the message: too many labels");
  CHECK(words(decoded(series(three), {1000, 3, 3})) == "series 1 of the message: too many parts");
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += series("");
  CHECK(decoded(many, {1000, 10, 100}));
  CHECK(words(decoded(many, {1000, 10, 99})) == "series 100 of the message: too many parts");
  std::string samples;
  for (int i = 0; i < 50; ++i)
    samples += field(0x12, "");
  CHECK(words(decoded(series(samples), {1000, 10, 50})) == "series 1 of the message: too many parts");
}

TEST_CASE("no damage to a message does harm") {
  std::string raw;
  for (int i = 0; i < 20; ++i)
    raw += series(label("__name__", "metric") + label("i", std::to_string(i)) +
                  field(0x12, std::string("\x09\0\0\0\0\0\0\xf8\x3f\x10\x85\x01", 12)));
  std::string packed;
  snappy::Compress(raw.data(), raw.size(), &packed);
  for (std::size_t size = 0; size < packed.size(); ++size)
    CHECK_FALSE(decode_request(std::string_view(packed).substr(0, size)));
  std::mt19937 random(3);
  std::size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = round % 2 == 0 ? packed : raw;
    damaged[random() % damaged.size()] ^= static_cast<char>(1u << random() % 8);
    const auto got = round % 2 == 0 ? decode_request(damaged) : decoded(damaged);
    refused += got ? 0 : 1;
    if (!got) CHECK_FALSE(got.error().message.empty());
  }
  CHECK(refused > 1000);
}

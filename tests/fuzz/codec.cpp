#include "protocol/telemetry/codec.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace troupe::telemetry;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const block_ref& known_block() {
  static const block_ref block = [] {
    chunk_builder builder;
    builder.series("a{b=\"c\"} ");
    builder.series("d ");
    return std::make_shared<series_block>(builder.finish(), label_set{{"job", "j"}});
  }();
  return block;
}

}  // namespace

// The first byte chooses the decoder. What decodes must encode to something that decodes to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string again;
  if (data[0] % 5 == 0) {
    const auto chunk = decode_chunk(bytes);
    if (!chunk) return 0;
    encode_chunk(**chunk, again);
    const auto second = decode_chunk(again);
    require(second && *second == *chunk);
  } else if (data[0] % 5 == 1) {
    const auto any = [](std::uint64_t) { return known_block()->chunks()[0]; };
    const auto block = decode_block(bytes, any);
    if (!block) return 0;
    encode_block(**block, again);
    const auto second = decode_block(again, any);
    require(second && (*second)->common() == (*block)->common() && (*second)->lane() == (*block)->lane());
  } else if (data[0] % 5 == 2) {
    const auto batch = decode_logs(bytes);
    if (!batch) return 0;
    std::string first;
    encode_logs(**batch, first);
    const auto second = decode_logs(first);
    require(second && (*second)->items() == (*batch)->items());
    encode_logs(**second, again);
    require(first == again);
  } else if (data[0] % 5 == 3) {
    const auto batch = decode_otlp(bytes);
    if (!batch) return 0;
    encode_otlp(**batch, again);
    const auto second = decode_otlp(again);
    require(second && (*second)->message == (*batch)->message && (*second)->count == (*batch)->count);
  } else {
    const auto any = [](std::uint64_t) { return known_block(); };
    const auto batch = decode_metrics(bytes, any);
    if (!batch) return 0;
    std::string first;
    encode_metrics(**batch, 1, first);
    const auto second = decode_metrics(first, any);
    require(second.has_value());
    encode_metrics(**second, 1, again);
    require(first == again);
  }
  return 0;
}

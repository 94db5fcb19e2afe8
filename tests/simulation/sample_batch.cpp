#include "tests/simulation/sample_batch.hpp"

#include <cstring>

namespace troupe::simulation {

std::string describe(const sample& one) {
  return "source " + std::to_string(one.source) + ", lane " + std::to_string(one.lane) + ", series " +
         std::to_string(one.series) + ", number " + std::to_string(one.number);
}

namespace {

template <class N>
void put(N number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
template <class N>
N get(std::string_view& bytes) {
  N number{};
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return number;
}
constexpr std::size_t sample_bytes = 20, fixed_bytes = 12;

}  // namespace

std::string encode(const sample_batch& batch) {
  std::string out;
  put(batch.lane, out);
  put(static_cast<std::uint32_t>(batch.samples.size()), out);
  for (const auto& one : batch.samples)
    put(one.source, out), put(one.lane, out), put(one.series, out), put(one.number, out);
  out.append(batch.padding, '.');
  return out;
}

std::optional<sample_batch> decode(std::string_view bytes) {
  if (bytes.size() < fixed_bytes) return std::nullopt;
  sample_batch batch;
  batch.lane = get<std::uint64_t>(bytes);
  const auto count = get<std::uint32_t>(bytes);
  if (bytes.size() < count * sample_bytes) return std::nullopt;
  for (std::uint32_t i = 0; i < count; ++i) {
    sample one;
    one.source = get<std::uint32_t>(bytes), one.lane = get<std::uint32_t>(bytes);
    one.series = get<std::uint32_t>(bytes), one.number = get<std::uint64_t>(bytes);
    batch.samples.push_back(one);
  }
  batch.padding = bytes.size();
  return batch;
}

}  // namespace troupe::simulation

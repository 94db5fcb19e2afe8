// A message of remote write as it comes from outside.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/remote_write/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)troupe::remote_write::decode_request({reinterpret_cast<const char*>(data), size}, {std::size_t{1} << 20, 100});
  return 0;
}

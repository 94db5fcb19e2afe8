// A segment's bytes, whatever they are: every record that is read back is whole, and nothing is read beyond the end.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocol/journal/format.hpp"
#include "protocol/journal/journal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::journal;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)read_header(bytes);
  for (std::size_t at = find_record(bytes, 0); at != std::string_view::npos; at = find_record(bytes, at + 1)) {
    const auto found = read_record(bytes.substr(at));
    if (!found || record_header_bytes + found->payload.size() > size - at) std::abort();
    std::string again;
    append_record(*found, again);
    if (again != bytes.substr(at, again.size())) std::abort();
  }
  return 0;
}

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/http/url.hpp"

using namespace troupe;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// A URL that parses composes to one that parses to the same; its message text holds no password. A query that was
// decoded survives another turn, and so does any text that was percent-encoded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto parsed = http::parse_url(text)) {
    require(parsed->scheme == "http" || parsed->scheme == "https");
    require(!parsed->host.empty());
    const auto composed = parsed->text();
    const auto again = http::parse_url(composed);
    require(again.has_value() || composed.size() > 8000);
    if (again) {
      require(again->text() == composed);
      require(again->host == parsed->host && again->port == parsed->port && again->query == parsed->query);
    }
  } else {
    require(!parsed.error().message.empty());
  }
  require(http::percent_decode(http::percent_encode(text)) == text);
  auto decoded = http::decode_query(text);
  const auto encoded = http::encode_query(decoded);
  require(http::encode_query(http::decode_query(encoded)) == encoded);

  const auto split = text.find('\n');
  if (split != std::string_view::npos) {
    const auto scrape = http::compose_url("http", text.substr(0, split), text.substr(split + 1), decoded);
    if (scrape) require(http::parse_url(*scrape).has_value());
  }
  return 0;
}

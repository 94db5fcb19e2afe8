#include "protocol/http/oauth2_answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include "protocol/http/url.hpp"

namespace troupe::http {

namespace {

using nlohmann::json;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  // Some servers write 3600.0 or 3.6e3; what is too large for an integer is read as such a number, too.
  constexpr double exact = 9e15;
  if (found->is_number_float())
    return std::to_string(static_cast<std::int64_t>(std::clamp(found->get<double>(), -exact, exact)));
  return found->dump(-1, ' ', false, json::error_handler_t::replace);
}

token_answer of_form(std::string_view body) {
  body = body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
  token_answer made;
  const std::array<std::pair<std::string_view, std::string*>, 5> fields = {
      {{"access_token", &made.access_token},
       {"token_type", &made.token_type},
       {"expires_in", &made.expires_in},
       {"error", &made.error},
       {"error_description", &made.error_description}}};
  for (const auto& [name, value] : decode_query(body)) {
    for (const auto& [field, into] : fields) {
      if (name == field) *into = value;
    }
  }
  return made;
}

}  // namespace

std::optional<token_answer> read_token_answer(std::string_view content_type, std::string_view body) {
  auto type = lower(content_type.substr(0, content_type.find(';')));
  type.erase(type.find_last_not_of(" \t") + 1);
  if (type == "application/x-www-form-urlencoded" || type == "text/plain") return of_form(body);
  const auto object = json::parse(body, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  return token_answer{text_of(object, "access_token"), text_of(object, "token_type"), text_of(object, "expires_in"),
                      text_of(object, "error"), text_of(object, "error_description")};
}

result<std::optional<std::chrono::seconds>> token_lifetime(const std::string& expires_in) {
  if (expires_in.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const char* end = expires_in.data() + expires_in.size();
  const auto [rest, problem] = std::from_chars(expires_in.data(), end, seconds);
  if (rest != end || problem == std::errc::invalid_argument)
    return failure("expires_in of the answer is not a number of seconds");
  // 0 is how some servers say that it never expires; Go reads it so. More than 68 years is cut, as there.
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  if (problem == std::errc::result_out_of_range) seconds = expires_in.front() == '-' ? -1 : most;
  if (seconds == 0) return std::nullopt;
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, most));
}

std::string token_scheme(const std::string& token_type) {
  const auto plain = lower(token_type);
  if (plain.empty() || plain == "bearer") return "Bearer";
  if (plain == "mac") return "MAC";
  return plain == "basic" ? "Basic" : token_type;
}

}  // namespace troupe::http

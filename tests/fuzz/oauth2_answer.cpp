// What servers of tokens answer.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/http/oauth2.hpp"
#include "protocol/http/oauth2_answer.hpp"

using namespace troupe;

// Nothing of an answer may end the program, smuggle a header, or show the secret in an error's words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool form = data[0] % 2 == 0;
  if (const auto fields = http::read_token_answer(form ? "text/plain" : "application/json", rest)) {
    (void)http::token_lifetime(fields->expires_in);
    (void)http::token_scheme(fields->token_type);
  }
  http::oauth2 options;
  options.client_id = "client";
  options.token_url = "https://host/token";
  http::oauth2_token token(options);
  const std::string secret = "correct horse";
  for (int turn = 0; turn < 2; ++turn) {
    (void)token.ask(secret);
    http::response answer;
    answer.status = data[0] / 2 % 2 == 0 ? 200 : 401;
    answer.header_lines = form ? "Content-Type: text/plain\r\n" : "Content-Type: application/json\r\n";
    answer.body.append(rest.data(), rest.size());
    const auto got = token.answer(answer, {});
    if (!got && got.error().message.find(secret) != std::string::npos) std::abort();
    if (got && *got && (*got)->find_first_of("\r\n") != std::string::npos) std::abort();
  }
  return 0;
}

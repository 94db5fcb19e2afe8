#include "protocol/http/follow.hpp"

#include <curl/curl.h>

#include <memory>

namespace troupe::http {

namespace {

constexpr std::size_t most_words = 4096;

struct following {
  CURL* by;
  const std::function<bool(std::string_view)>& take;
  std::string words{};  // of an answer that is none
  bool ended = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& of = *static_cast<following*>(context);
  long status = 0;
  curl_easy_getinfo(of.by, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    if (of.words.size() < most_words) of.words.append(data, size);
    return size;
  }
  if (of.take({data, size})) return size;
  of.ended = true;
  return 0;
}

}  // namespace

result<void> follow(const std::string& url, const std::function<bool(std::string_view)>& take) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
  if (!handle) return failure("no memory");
  following state{handle.get(), take};
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &state);
  const auto code = curl_easy_perform(handle.get());
  if (state.ended) return {};
  if (code != CURLE_OK) return failure("GET " + url + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 200) return {};
  return failure("GET " + url + ": " + std::to_string(status) + ": " + state.words.substr(0, state.words.find('\n')));
}

}  // namespace troupe::http

#include "protocol/http/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>

namespace troupe::http {

namespace {

constexpr std::size_t longest_url = 8000;

struct release_url {
  void operator()(CURLU* u) const { curl_url_cleanup(u); }
};

std::string part(CURLU* parsed, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(parsed, which, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

bool unreserved(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u < 0x80 && (std::isalnum(u) != 0 || c == '-' || c == '_' || c == '.' || c == '~');
}

// curl_easy_escape leaves no choice of what stays as it is.
std::string encode(std::string_view text, std::string_view kept) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c) || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto u = static_cast<unsigned char>(c);
      out += {'%', digits[u >> 4], digits[u & 15]};
    }
  }
  return out;
}

std::string decode_form(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

std::string without_user(std::string_view text) {
  const auto at = text.rfind('@');
  return std::string(at == std::string_view::npos ? text : text.substr(at + 1));
}

}  // namespace

std::string url::text(bool with_user) const {
  std::string out = scheme + "://";
  if (with_user && !(user.empty() && password.empty())) out += user + (password.empty() ? "" : ":" + password) + "@";
  out += host;
  if (explicit_port) out += ":" + std::to_string(port);
  out += path;
  if (!query.empty()) out += "?" + query;
  if (!fragment.empty()) out += "#" + fragment;
  return out;
}

result<url> parse_url(std::string_view text) {
  if (text.size() > longest_url)
    return failure("a URL of " + std::to_string(text.size()) + " bytes is longer than " + std::to_string(longest_url));
  const auto refuse = [&](std::string_view why) {
    return failure("\"" + without_user(text) + "\" is not a usable URL: " + std::string(why));
  };
  const auto forbidden = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), forbidden)) return refuse("it contains a space or a control character");

  // curl forgives a slash too few or too many.
  const auto slashes = text.find("://");
  if (slashes == std::string_view::npos) return refuse("it must start with http:// or https://");
  if (slashes + 3 == text.size() || text[slashes + 3] == '/') return refuse("it names no host");

  const std::unique_ptr<CURLU, release_url> parsed(curl_url());
  const auto status =
      curl_url_set(parsed.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
  if (status != CURLUE_OK) return refuse(curl_url_strerror(status));

  url out;
  out.scheme = part(parsed.get(), CURLUPART_SCHEME);
  std::transform(out.scheme.begin(), out.scheme.end(), out.scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (out.scheme != "http" && out.scheme != "https") return refuse("the scheme must be http or https");
  out.user = part(parsed.get(), CURLUPART_USER);
  out.password = part(parsed.get(), CURLUPART_PASSWORD);
  out.host = part(parsed.get(), CURLUPART_HOST);
  if (out.host.empty()) return refuse("it names no host");
  const auto zone = part(parsed.get(), CURLUPART_ZONEID);
  if (!zone.empty() && out.host.back() == ']') out.host.insert(out.host.size() - 1, "%25" + zone);
  const auto port = part(parsed.get(), CURLUPART_PORT);
  out.explicit_port = !port.empty();
  out.port = out.scheme == "https" ? 443 : 80;
  if (out.explicit_port) std::from_chars(port.data(), port.data() + port.size(), out.port);
  const auto path = part(parsed.get(), CURLUPART_PATH);
  if (!path.empty()) out.path = path;
  out.query = part(parsed.get(), CURLUPART_QUERY);
  out.fragment = part(parsed.get(), CURLUPART_FRAGMENT);
  return out;
}

result<std::string> compose_url(std::string_view scheme, std::string_view address, std::string_view path,
                                const query_parameters& parameters) {
  if (address.find_first_of("/?#@\\") != std::string_view::npos)
    return failure("\"" + std::string(address) + "\" is not a valid address: it must be a host with or without a port");
  std::string out = std::string(scheme) + "://" + std::string(address);
  if (path.empty() || path.front() != '/') out += '/';
  out += encode(path, "$&+,/:;=@");
  if (!parameters.empty()) out += "?" + encode_query(parameters);
  if (const auto parsed = parse_url(out); !parsed) return tl::unexpected(parsed.error());
  return out;
}

std::string encode_query(query_parameters parameters) {
  std::stable_sort(parameters.begin(), parameters.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += encode_form(name) + "=" + encode_form(value);
  }
  return out;
}

std::string encode_form(std::string_view text) {
  std::string out = encode(text, " ");
  std::replace(out.begin(), out.end(), ' ', '+');
  return out;
}

query_parameters decode_query(std::string_view query) {
  query_parameters out;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    out.emplace_back(decode_form(pair.substr(0, equals)),
                     equals == std::string_view::npos ? std::string() : decode_form(pair.substr(equals + 1)));
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  return encode(text, "");
}

std::string percent_decode(std::string_view text) {
  if (text.find('%') == std::string_view::npos) return std::string(text);
  int length = 0;
  char* plain = curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &length);
  if (plain == nullptr) return std::string(text);
  std::string out(plain, static_cast<std::size_t>(length));
  curl_free(plain);
  return out;
}

std::string redacted_url(std::string_view text) {
  const auto parsed = parse_url(text);
  return parsed ? parsed->text(false) : without_user(text);
}

}  // namespace troupe::http

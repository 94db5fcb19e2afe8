// Plays many targets in one process: every loopback address 127.0.1.1, 127.0.1.2, … is a host with the same exporter.
// The pages are made beforehand, so that serving costs as little as possible; half of the values change from scrape to
// scrape.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// The page as one host shows it the `variant`th time; `host` 0: as every host does.
std::string make_page(const std::string& page, unsigned host, unsigned variant) {
  std::string out;
  std::size_t line_number = 0;
  for (std::size_t at = 0; at < page.size();) {
    const auto end = std::min(page.find('\n', at), page.size());
    const std::string line = page.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line[0] == '#') {
      out += line + '\n';
      continue;
    }
    const auto blank = line.rfind(' ');
    std::string series = line.substr(0, blank), value = line.substr(blank + 1);
    if (host != 0) {
      const std::string label = "uid=\"h" + std::to_string(host) + "\"";
      const auto brace = series.rfind('}');
      if (brace == std::string::npos) {
        series += "{" + label + "}";
      } else {
        series.insert(brace, "," + label);
      }
    }
    if (++line_number % 2 == 0) {
      char text[40];
      std::snprintf(text, sizeof text, "%.17g", std::strtod(value.c_str(), nullptr) + variant);
      value = text;
    }
    out += series + ' ' + value + '\n';
  }
  return out;
}

std::string answer(const std::string& page, bool compressed) {
  const std::string body = compressed ? gzip(page) : page;
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n" +
         std::string(compressed ? "Content-Encoding: gzip\r\n" : "") +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct peer {
  unsigned host = 0;
  unsigned variant = 0;
  std::string in;
  const std::string* out = nullptr;
  std::size_t sent = 0;
};

class server {
 public:
  server(std::uint16_t port, std::vector<std::vector<std::string>> answers) : answers_(std::move(answers)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || listen(listener_, 4096) != 0) {
      std::perror("listen");
      std::exit(1);
    }
    epoll_ = epoll_create1(0);
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(256);
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else if (!serve(fd)) {
          peers_.erase(fd);
          close(fd);
        }
      }
    }
  }

 private:
  void watch(int fd, std::uint32_t what, int how) {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    epoll_ctl(epoll_, how, fd, &event);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      sockaddr_in own{};
      socklen_t size = sizeof own;
      getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
      auto& one = peers_[fd];
      const std::uint32_t address = ntohl(own.sin_addr.s_addr);
      one.host =
          ((address >> 8) - (127u << 16 | 1)) * 250 + (address & 0xff);  // 127.0.1.1 is host 1, 127.0.2.1 host 251
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  bool serve(int fd) {
    auto& one = peers_[fd];
    char buffer[8192];
    for (;;) {
      const auto got = read(fd, buffer, sizeof buffer);
      if (got == 0) return false;
      if (got < 0) {
        if (errno == EAGAIN) break;
        return false;
      }
      one.in.append(buffer, static_cast<std::size_t>(got));
    }
    if (!one.out && one.in.find("\r\n\r\n") != std::string::npos) {
      one.in.clear();
      const auto& pages = answers_[one.host % answers_.size()];
      one.out = &pages[one.variant++ % pages.size()];
      one.sent = 0;
    }
    while (one.out) {
      const auto wrote = write(fd, one.out->data() + one.sent, one.out->size() - one.sent);
      if (wrote < 0) {
        if (errno != EAGAIN) return false;
        watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        return true;
      }
      one.sent += static_cast<std::size_t>(wrote);
      if (one.sent == one.out->size()) {
        one.out = nullptr;
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
      }
    }
    return true;
  }

  std::vector<std::vector<std::string>> answers_;  // by host, then by variant
  int listener_ = -1, epoll_ = -1;
  std::map<int, peer> peers_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bench_targets PORT PAGE HOSTS shared|unique|gzip\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::ifstream file(argv[2]);
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  const auto hosts = static_cast<unsigned>(std::atoi(argv[3]));
  const std::string mode = argv[4];
  std::vector<std::vector<std::string>> answers;
  const unsigned different = mode == "unique" ? hosts : 1;
  const unsigned variants = mode == "unique" ? 2 : 8;
  for (unsigned host = 0; host < different; ++host) {
    answers.emplace_back();
    for (unsigned variant = 0; variant < variants; ++variant) {
      answers.back().push_back(answer(make_page(page, mode == "unique" ? host + 1 : 0, variant), mode == "gzip"));
    }
  }
  server(static_cast<std::uint16_t>(std::atoi(argv[1])), std::move(answers)).run();
}

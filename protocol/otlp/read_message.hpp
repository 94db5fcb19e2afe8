#pragma once

#include <string_view>

namespace google::protobuf {
class MessageLite;
}

namespace troupe::otlp {

/// Reads bytes from outside: at most 2 GiB, nested to a depth that makes sense. False: it is no such message. What
/// protobuf would print about it is not printed.
[[nodiscard]] bool read_message(std::string_view bytes, google::protobuf::MessageLite& into);

}  // namespace troupe::otlp

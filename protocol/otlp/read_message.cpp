#include "protocol/otlp/read_message.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <limits>

namespace troupe::otlp {

namespace {

/// Deeper messages than these are a mistake, or meant to hurt.
constexpr int deepest = 64;

}  // namespace

bool read_message(std::string_view bytes, google::protobuf::MessageLite& into) {
  [[maybe_unused]] static google::protobuf::LogHandler* const silenced = google::protobuf::SetLogHandler(nullptr);
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  in.SetRecursionLimit(deepest);
  return into.ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
}

}  // namespace troupe::otlp

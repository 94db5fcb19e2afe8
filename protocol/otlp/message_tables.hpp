#pragma once

#include <cstdint>
#include <span>

#include "protocol/telemetry/otlp.hpp"

namespace troupe::otlp {

/// How a field looks on the wire, and in JSON.
enum class form : std::uint8_t {
  text,            ///< a string
  hex,             ///< bytes, an id
  base64,          ///< other bytes
  flag,            ///< a bool
  number,          ///< uint32, int32 or an enumeration: a number
  zigzag,          ///< sint32: a number
  fixed32,         ///< a number
  whole,           ///< int64: a text
  whole_unsigned,  ///< uint64: a text
  fixed64,         ///< a text
  sfixed64,        ///< a text
  real,            ///< a double
  message,
};

struct message_table;
struct field_row {
  std::uint32_t number;
  const char* name;
  form how;
  const message_table* of = nullptr;  ///< of a message
  bool repeated = false;
};
struct message_table {
  std::span<const field_row> fields;  ///< by number
};

/// The Export*ServiceRequest of a signal, as proto/*.proto have it.
[[nodiscard]] const message_table& request_table(telemetry::otlp_kind of);

}  // namespace troupe::otlp

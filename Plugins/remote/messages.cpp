#include "messages.h"

#include <algorithm>
#include <cstdlib>

namespace remote {
namespace {

std::vector<int64_t> read_shape(Message &field, std::vector<int64_t> shape) {
  const auto add = [&](uint64_t size) {
    if (shape.size() == 32) throw lie("answers a tensor of more than 32 dimensions");
    shape.push_back(static_cast<int64_t>(size));
  };
  if (field.type == varint_type) {
    add(field.number);
  } else if (field.type == bytes_type) {
    for (Message sizes(field.bytes); !sizes.is_over();) add(sizes.varint());
  }
  return shape;
}

}  // namespace

void append_param(std::string &to, uint32_t field, std::string_view key, std::string_view text) {
  std::string value, entry;
  if (text == "true" || text == "false") {
    append_field(value, 1, text == "true" ? 1 : 0);
  } else if (is_number(text) && text.find_first_of(".eE") == std::string_view::npos && text.size() < 19) {
    append_field(value, 2, static_cast<uint64_t>(std::strtoll(std::string(text).c_str(), nullptr, 10)));
  } else if (is_number(text)) {
    const double number = std::strtod(std::string(text).c_str(), nullptr);
    append_tag(value, 4, fixed64_type);
    value.append(reinterpret_cast<const char *>(&number), sizeof number);
  } else {
    append_tag(value, 3, bytes_type);
    append_varint(value, text.size());
    value += text;
  }
  append_field(entry, 1, key);
  append_message(entry, 2, value);
  append_message(to, field, entry);
}

bool read_param(std::string_view entry, std::string &key, std::string &text) {
  Message fields(entry);
  std::string_view value;
  while (fields.next()) {
    if (fields.is_bytes(1)) key = fields.bytes;
    if (fields.is_bytes(2)) value = fields.bytes;
  }
  Message choice(value);
  bool is_there = false;
  while (choice.next()) {
    is_there = true;
    if (choice.field == 1 && choice.type == varint_type) {
      text = choice.number != 0 ? "true" : "false";
    } else if (choice.field == 2 && choice.type == varint_type) {
      text = std::to_string(static_cast<int64_t>(choice.number));
    } else if (choice.is_bytes(3)) {
      text = choice.bytes;
    } else if (choice.field == 4 && choice.type == fixed64_type) {
      double number;
      std::memcpy(&number, choice.bytes.data(), sizeof number);
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.17g", number);
      text = digits;
    } else if (choice.field == 5 && choice.type == varint_type) {
      text = std::to_string(choice.number);
    } else {
      is_there = false;
    }
  }
  return is_there && is_utf8(key) && is_utf8(text) && text.find('\0') == std::string::npos && key.find('\0') == std::string::npos;
}

Described read_tensor(std::string_view bytes) {
  Described tensor;
  for (Message fields(bytes); fields.next();) {
    if (fields.is_bytes(1)) tensor.name = fields.bytes;
    if (fields.is_bytes(2)) tensor.datatype = fields.bytes;
    if (fields.field == 3) tensor.shape = read_shape(fields, std::move(tensor.shape));
    if (fields.is_bytes(5)) tensor.contents = fields.bytes;
  }
  return tensor;
}

std::string raw_of(std::string_view contents, const Port &port) {
  static constexpr uint32_t whole_fields[] = {1, 2, 3, 4, 5};
  const size_t width = port.dtype.bits / 8;
  std::string raw;
  for (Message fields(contents); fields.next();) {
    if (fields.field == 8 && fields.type == bytes_type) {
      if (!is_text(port)) throw lie("answers text for \"" + port.name.substr(0, 64) + "\"");
      const auto size = static_cast<uint32_t>(fields.bytes.size());
      raw.append(reinterpret_cast<const char *>(&size), sizeof size);
      raw += fields.bytes;
      continue;
    }
    if (is_text(port)) throw lie("answers numbers for \"" + port.name.substr(0, 64) + "\"");
    const bool is_whole = std::find(std::begin(whole_fields), std::end(whole_fields), fields.field) != std::end(whole_fields);
    const auto add = [&](uint64_t number) { raw.append(reinterpret_cast<const char *>(&number), width); };
    if (is_whole && port.dtype.code != SLUICE_FLOAT && port.dtype.code != SLUICE_BFLOAT) {
      if (fields.type == varint_type) {
        add(fields.number);
      } else if (fields.type == bytes_type) {
        for (Message numbers(fields.bytes); !numbers.is_over();) add(numbers.varint());
      }
    } else if ((fields.field == 6 || fields.field == 7) && port.dtype.code == SLUICE_FLOAT &&
               width == (fields.field == 6 ? 4u : 8u)) {
      raw += fields.bytes;
    } else {
      throw lie("answers elements of another type for \"" + port.name.substr(0, 64) + "\"");
    }
  }
  return raw;
}

}  // namespace remote

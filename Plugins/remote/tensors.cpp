#include "tensors.h"

#include <charconv>
#include <cmath>

namespace remote {
namespace {

constexpr size_t most_dimensions = 32, most_elements = size_t{1} << 40;

std::string named(const Port &port) { return "\"" + port.name.substr(0, 64) + "\""; }

Failure unfit(const sluice_tensor &tensor, const char *what) {
  return Failure(SLUICE_INVALID_ARGUMENT, "input \"" + std::string(tensor.name).substr(0, 64) + "\" " + what);
}

template <class Number>
void append_number(std::string &text, Number number) {
  char digits[64];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  if (error == std::errc()) text.append(digits, end);
}

template <class Number>
void append_numbers(const sluice_tensor &tensor, uint64_t count, std::string &text) {
  const auto *numbers = static_cast<const Number *>(tensor.data);
  for (uint64_t i = 0; i < count; i++) {
    if (i > 0) text += ',';
    if constexpr (std::is_floating_point_v<Number>) {
      if (!std::isfinite(numbers[i])) throw unfit(tensor, "has NaN or infinity, which the remote can't be sent as JSON");
    }
    append_number(text, numbers[i]);
  }
}

void append_elements(const sluice_tensor &tensor, std::string &text) {
  const uint64_t count = count_of(tensor);
  const int kind = tensor.dtype.code * 1000 + tensor.dtype.bits;
  switch (kind) {
    case SLUICE_BYTES * 1000 + 8:
      for (uint64_t i = 0; i < count; i++) {
        if (i > 0) text += ',';
        if (!is_utf8(element(tensor, i))) throw unfit(tensor, "has bytes that are no UTF-8, which the remote can't be sent as JSON");
        append_text(text, element(tensor, i));
      }
      return;
    case SLUICE_BOOL * 1000 + 8:
      for (uint64_t i = 0; i < count; i++) {
        text += i > 0 ? "," : "";
        text += static_cast<const uint8_t *>(tensor.data)[i] != 0 ? "true" : "false";
      }
      return;
    case SLUICE_INT * 1000 + 8: return append_numbers<int8_t>(tensor, count, text);
    case SLUICE_INT * 1000 + 16: return append_numbers<int16_t>(tensor, count, text);
    case SLUICE_INT * 1000 + 32: return append_numbers<int32_t>(tensor, count, text);
    case SLUICE_INT * 1000 + 64: return append_numbers<int64_t>(tensor, count, text);
    case SLUICE_UINT * 1000 + 8: return append_numbers<uint8_t>(tensor, count, text);
    case SLUICE_UINT * 1000 + 16: return append_numbers<uint16_t>(tensor, count, text);
    case SLUICE_UINT * 1000 + 32: return append_numbers<uint32_t>(tensor, count, text);
    case SLUICE_UINT * 1000 + 64: return append_numbers<uint64_t>(tensor, count, text);
    case SLUICE_FLOAT * 1000 + 32: return append_numbers<float>(tensor, count, text);
    case SLUICE_FLOAT * 1000 + 64: return append_numbers<double>(tensor, count, text);
    default: throw unfit(tensor, "is of a type that the remote can't be sent as JSON");
  }
}

// Calls `take` for each element of lists in lists.
template <class Take>
void each(json::array list, size_t depth, const Take &take) {
  for (json::value value : list) {
    if (kind_of(value) == json::json_type::array) {
      if (depth == 0) throw lie("answers lists in lists in lists without end");
      each(value.get_array(), depth - 1, take);
    } else {
      take(value);
    }
  }
}

template <class Number>
void read_numbers(void *room, size_t count, json::array &data, const Port &port) {
  auto *numbers = static_cast<Number *>(room);
  size_t done = 0;
  each(data, most_dimensions, [&](json::value value) {
    if (done == count) throw lie("answers more elements for " + named(port) + " than its shape has");
    if constexpr (std::is_floating_point_v<Number>) {
      numbers[done++] = static_cast<Number>(static_cast<double>(value.get_double()));
    } else if constexpr (std::is_signed_v<Number>) {
      const int64_t number = value.get_int64();
      if (number != static_cast<Number>(number)) throw lie("answers a number for " + named(port) + " that its type can't hold");
      numbers[done++] = static_cast<Number>(number);
    } else {
      const uint64_t number = value.get_uint64();
      if (number != static_cast<Number>(number)) throw lie("answers a number for " + named(port) + " that its type can't hold");
      numbers[done++] = static_cast<Number>(number);
    }
  });
  if (done != count) throw lie("answers fewer elements for " + named(port) + " than its shape has");
}

}  // namespace

Failure lie(const std::string &what) { return Failure(SLUICE_DATA_LOSS, "the remote " + what); }

std::optional<sluice_dtype> datatype_of(std::string_view name) {
  for (const auto &known : datatype_names) {
    if (name == known.name) return known.dtype;
  }
  return std::nullopt;
}

uint64_t count_of(const sluice_tensor &tensor) {
  uint64_t count = 1;
  for (int32_t axis = 0; axis < tensor.ndim; axis++) count *= static_cast<uint64_t>(tensor.shape[axis]);
  return count;
}

uint64_t raw_size(const sluice_tensor &tensor) {
  return tensor.dtype.code == SLUICE_BYTES ? tensor.byte_size + 4 * count_of(tensor) : tensor.byte_size;
}

void append_raw(const sluice_tensor &tensor, Body &body) {
  if (tensor.dtype.code != SLUICE_BYTES) return body.lend(tensor.data, tensor.byte_size);
  const uint64_t count = count_of(tensor);
  std::string &text = body.text();
  for (uint64_t i = 0; i < count; i++) {
    const std::string_view bytes = element(tensor, i);
    if (bytes.size() > UINT32_MAX) throw unfit(tensor, "has an element of more than 4 GiB");
    const auto size = static_cast<uint32_t>(bytes.size());
    text.append(reinterpret_cast<const char *>(&size), sizeof size);
    body.lend(bytes.data(), bytes.size());
  }
}

void append_json(const sluice_tensor &tensor, std::string &text) {
  text += '[';
  append_elements(tensor, text);
  text += ']';
}

void append_json_scalar(const sluice_tensor &tensor, std::string &text) { append_elements(tensor, text); }

size_t checked_count(const Port &port, const std::vector<int64_t> &shape) {
  bool fits = port.any_rank ? shape.size() <= most_dimensions : shape.size() == port.shape.size();
  size_t count = 1;
  for (size_t axis = 0; fits && axis < shape.size(); axis++) {
    fits = shape[axis] >= 0 && (port.any_rank || port.shape[axis] < 0 || port.shape[axis] == shape[axis]);
    if (!fits) break;
    const auto size = static_cast<size_t>(shape[axis]);
    if (size != 0 && count > most_elements / size) throw lie("answers " + named(port) + " in a shape that is too large");
    count *= size;
  }
  if (!fits) throw lie("answers " + named(port) + " in another shape than it declares");
  return count;
}

void *add_room(sluice::Answer &answer, const Port &port, std::vector<int64_t> shape) {
  return answer.add(port.name.c_str(), port.dtype, std::move(shape)).data;
}

void add_raw(sluice::Answer &answer, const Port &port, std::vector<int64_t> shape, std::string_view raw) {
  const size_t count = checked_count(port, shape);
  if (!is_text(port)) {
    if (raw.size() != count * (port.dtype.bits / 8)) {
      throw lie("answers " + std::to_string(raw.size()) + " bytes for " + named(port) + ", whose shape takes " +
                std::to_string(count * (port.dtype.bits / 8)));
    }
    void *room = add_room(answer, port, std::move(shape));
    if (!raw.empty()) std::memcpy(room, raw.data(), raw.size());
    // The host's memory has 0 and 1 as truth values, and nothing else.
    if (port.dtype.code == SLUICE_BOOL) {
      for (size_t i = 0; i < count; i++) static_cast<uint8_t *>(room)[i] = raw[i] != 0;
    }
    return;
  }
  // All lengths are looked at before there is memory for anything.
  if (raw.size() / 4 < count) throw lie("answers fewer elements for " + named(port) + " than its shape has");
  const auto length_at = [&](size_t at) {
    uint32_t length;
    std::memcpy(&length, raw.data() + at, sizeof length);
    return size_t{length};
  };
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (raw.size() - at < 4 || raw.size() - at - 4 < length_at(at)) throw lie("answers an element of " + named(port) + " that is longer than all of it");
    at += 4 + length_at(at);
  }
  if (at != raw.size()) throw lie("answers more elements for " + named(port) + " than its shape has");
  const sluice_tensor &output = answer.add(port.name.c_str(), port.dtype, std::move(shape), raw.size() - 4 * count);
  auto *offsets = const_cast<int64_t *>(output.offsets);
  offsets[0] = 0;
  at = 0;
  for (size_t i = 0; i < count; i++) {
    const size_t length = length_at(at);
    if (length > 0) std::memcpy(static_cast<char *>(output.data) + offsets[i], raw.data() + at + 4, length);
    offsets[i + 1] = offsets[i] + static_cast<int64_t>(length);
    at += 4 + length;
  }
}

void add_json(sluice::Answer &answer, const Port &port, std::vector<int64_t> shape, json::array data, size_t text_size) {
  const size_t count = checked_count(port, shape);
  if (count > text_size) throw lie("answers fewer elements for " + named(port) + " than its shape has");
  if (is_text(port)) {
    std::vector<std::string> texts;
    each(data, most_dimensions, [&](json::value value) {
      if (texts.size() == count) throw lie("answers more elements for " + named(port) + " than its shape has");
      texts.emplace_back(std::string_view(value.get_string()));
    });
    if (texts.size() != count) throw lie("answers fewer elements for " + named(port) + " than its shape has");
    std::vector<const std::string *> all;
    for (const std::string &text : texts) all.push_back(&text);
    return answer.add_texts(port.name.c_str(), std::move(shape), all);
  }
  void *room = add_room(answer, port, std::move(shape));
  switch (port.dtype.code * 1000 + port.dtype.bits) {
    case SLUICE_BOOL * 1000 + 8: {
      size_t done = 0;
      each(data, most_dimensions, [&](json::value value) {
        if (done == count) throw lie("answers more elements for " + named(port) + " than its shape has");
        // Some servers write truth as numbers.
        const bool is_truth = kind_of(value) == json::json_type::boolean;
        static_cast<uint8_t *>(room)[done++] = is_truth ? bool(value.get_bool()) : double(value.get_double()) != 0;
      });
      if (done != count) throw lie("answers fewer elements for " + named(port) + " than its shape has");
      return;
    }
    case SLUICE_INT * 1000 + 8: return read_numbers<int8_t>(room, count, data, port);
    case SLUICE_INT * 1000 + 16: return read_numbers<int16_t>(room, count, data, port);
    case SLUICE_INT * 1000 + 32: return read_numbers<int32_t>(room, count, data, port);
    case SLUICE_INT * 1000 + 64: return read_numbers<int64_t>(room, count, data, port);
    case SLUICE_UINT * 1000 + 8: return read_numbers<uint8_t>(room, count, data, port);
    case SLUICE_UINT * 1000 + 16: return read_numbers<uint16_t>(room, count, data, port);
    case SLUICE_UINT * 1000 + 32: return read_numbers<uint32_t>(room, count, data, port);
    case SLUICE_UINT * 1000 + 64: return read_numbers<uint64_t>(room, count, data, port);
    case SLUICE_FLOAT * 1000 + 32: return read_numbers<float>(room, count, data, port);
    case SLUICE_FLOAT * 1000 + 64: return read_numbers<double>(room, count, data, port);
    default: throw lie("answers " + named(port) + " as JSON, which can't carry its type");
  }
}

}  // namespace remote

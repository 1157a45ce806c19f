// json.h - reading documents of servers, and writing ours.
#ifndef SLUICE_REMOTE_JSON_H
#define SLUICE_REMOTE_JSON_H
#include <simdjson.h>

#include <string>
#include <string_view>

namespace remote {

namespace json = simdjson::ondemand;

// A document in text that stays as it is while the document is read. Throws simdjson::simdjson_error, as does all that is
// asked of the document.
class Document {
 public:
  explicit Document(std::string text) : text_(std::move(text)) { open(text_, text_.size(), parser_); }
  // The first `size` bytes of `text`, which gets room for what the parser reads beyond them. The parser is at nothing else.
  Document(std::string &text, size_t size, json::parser &parser) { open(text, size, parser); }
  Document(const Document &) = delete;

  json::object object() { return document_.get_object(); }

 private:
  void open(std::string &text, size_t size, json::parser &parser) {
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    document_ = parser.iterate(text.data(), size, text.capacity());
  }

  std::string text_;
  json::parser parser_;
  json::document document_;
};

inline json::json_type kind_of(json::value &value) {
  json::json_type type = value.type();
  return type;
}

inline void append_text(std::string &to, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (byte < 0x20) {
      to += "\\u00";
      to += digits[byte >> 4];
      to += digits[byte & 15];
    } else {
      to += c;
    }
  }
  to += '"';
}

// Whether it is one of JSON's numbers.
inline bool is_number(std::string_view text) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const auto digits = [&] {
    const size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') at++;
    return at - start;
  };
  const size_t first = at, whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0') || text.size() > 32) return false;
  if (at < text.size() && text[at] == '.') {
    at++;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) at++;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

// A parameter as it was before it became text: a number and a truth value are written bare, if they are JSON's.
inline void append_scalar(std::string &to, std::string_view text) {
  if (text == "true" || text == "false" || is_number(text)) {
    to += text;
  } else {
    append_text(to, text);
  }
}

// Whether all of it is UTF-8, as JSON wants it.
inline bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace remote

#endif

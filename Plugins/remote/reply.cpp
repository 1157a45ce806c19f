#include "reply.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace remote {
namespace {

constexpr size_t longest_chunk_line = 4096;
constexpr std::string_view start_of_all = "HTTP/1.";
const char *const no_http = "what it answers is no HTTP";

bool is(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && strncasecmp(text.data(), lower.data(), lower.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// What a field's name may be made of.
constexpr std::array<bool, 256> token_bytes = [] {
  std::array<bool, 256> may = {};
  for (int c = '0'; c <= '9'; c++) may[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; c++) may[static_cast<size_t>(c)] = may[static_cast<size_t>(c - 'a' + 'A')] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) may[static_cast<size_t>(c)] = true;
  return may;
}();

bool is_token(std::string_view text) {
  const auto is_part = [](char c) { return token_bytes[static_cast<unsigned char>(c)]; };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_part);
}

// Whether there is any byte that ends lines, moves cursors or the like; a tab is none of them.
bool has_control(std::string_view text) {
  constexpr uint64_t each = 0x0101010101010101, top = 0x80 * each;
  // Eight at a time, as mostly there is none; a tab has it looked at byte by byte.
  while (text.size() >= 8) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data(), sizeof bytes);
    const uint64_t without_delete = bytes ^ 0x7F * each;
    if (((bytes - 0x20 * each) & ~bytes & top) != 0 || ((without_delete - each) & ~without_delete & top) != 0) break;
    text.remove_prefix(8);
  }
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
  return std::any_of(text.begin(), text.end(), is_control);
}

// Digits alone, and no more of them than surely fit.
bool read_number(std::string_view text, int base, size_t &number) {
  if (text.empty() || text.size() > 15) return false;
  number = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
    if (digit >= base) return false;
    number = number * static_cast<size_t>(base) + static_cast<size_t>(digit);
  }
  return true;
}

// Calls `take` for each member of a list with commas between.
template <class Take>
void each(std::string_view list, const Take &take) {
  while (true) {
    const size_t comma = list.find(',');
    take(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

void take_field(Exchange &exchange, std::string_view name, std::string_view value) {
  if (is(name, "content-type")) {
    exchange.content_type = value;
  } else if (is(name, "inference-header-content-length")) {
    if (!read_number(value, 10, exchange.json_length)) exchange.json_length = SIZE_MAX;
  } else if (is(name, "content-length")) {
    size_t length;
    // Room for all of it at once, but no more than it has sent a part of.
    if (read_number(value, 10, length) && !exchange.in_pieces) {
      exchange.data.reserve(std::min({length + 64, exchange.max_bytes, Body::largest_kept}));
    }
  } else if (is(name, "retry-after")) {
    exchange.is_busy = true;
  } else if (is(name, "grpc-status")) {
    exchange.grpc_status = value;
  } else if (is(name, "grpc-message")) {
    exchange.grpc_message = value;
  }
}

void Reply::start(Exchange &exchange) {
  exchange_ = &exchange;
  line_.clear();
  part_ = Part::status;
  head_bytes_ = left_ = 0;
  has_begun_ = keeps_open_ = has_length_ = is_chunked_ = false;
}

Reply::State Reply::refuse(const char *why) {
  exchange_->problem = why;
  return State::bad;
}

Reply::State Reply::take(std::string_view bytes, size_t &taken) {
  const size_t all = bytes.size();
  if (all > 0) has_begun_ = true;
  State state = State::more;
  while (state == State::more && (!bytes.empty() || part_ == Part::done)) {
    if (part_ == Part::done) {
      state = State::done;
    } else if (part_ == Part::body || part_ == Part::chunk || part_ == Part::rest) {
      const std::string_view piece = bytes.substr(0, part_ == Part::rest ? bytes.size() : left_);
      state = body(piece);
      bytes.remove_prefix(piece.size());
    } else {
      const size_t end = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
      const bool is_chunk_line = part_ == Part::chunk_size || part_ == Part::chunk_end;
      head_bytes_ += is_chunk_line ? 0 : piece.size();
      if (is_chunk_line && line_.size() + piece.size() > longest_chunk_line) {
        state = refuse(no_http);
      } else if (head_bytes_ > most_header_bytes) {
        state = refuse("it sends more than 64 KiB of header fields");
      } else if (end == std::string_view::npos || !line_.empty()) {
        line_ += piece;
        // What doesn't begin as an answer needn't be waited for.
        const std::string_view start = std::string_view(line_).substr(0, start_of_all.size());
        if (part_ == Part::status && start != start_of_all.substr(0, start.size())) {
          state = refuse(no_http);
        } else if (end != std::string_view::npos) {
          state = line(line_);
          line_.clear();
        }
      } else {
        state = line(piece);
      }
      bytes.remove_prefix(piece.size());
    }
  }
  taken = all - bytes.size();
  return state;
}

Reply::State Reply::end() {
  if (part_ != Part::rest) return State::more;
  part_ = Part::done;
  return State::done;
}

// A line with its end.
Reply::State Reply::line(std::string_view text) {
  text.remove_suffix(1);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (has_control(text)) return refuse(no_http);
  switch (part_) {
    case Part::status: return status_line(text);
    case Part::fields: return text.empty() ? head_ended() : field_line(text, false);
    case Part::chunk_size: return chunk_size(text);
    case Part::chunk_end:
      if (!text.empty()) return refuse(no_http);
      part_ = Part::chunk_size;
      return State::more;
    default:
      if (!text.empty()) return field_line(text, true);
      part_ = Part::done;
      return State::more;
  }
}

// HTTP/1.1 200 OK
Reply::State Reply::status_line(std::string_view text) {
  const bool is_plain = text.size() >= 12 && text.compare(0, start_of_all.size(), start_of_all) == 0 &&
                        (text[7] == '0' || text[7] == '1') && text[8] == ' ' && (text.size() == 12 || text[12] == ' ');
  size_t status;
  if (!is_plain || !read_number(text.substr(9, 3), 10, status) || status < 100) return refuse(no_http);
  exchange_->status = static_cast<long>(status);
  // What came with an interim answer doesn't count.
  exchange_->content_type.clear();
  exchange_->json_length = 0;
  exchange_->is_busy = has_length_ = is_chunked_ = false;
  left_ = 0;
  keeps_open_ = text[7] == '1';
  part_ = Part::fields;
  return State::more;
}

Reply::State Reply::field_line(std::string_view text, bool is_trailer) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_token(text.substr(0, colon))) return refuse(no_http);
  if (is_trailer) return State::more;
  const std::string_view name = text.substr(0, colon), value = trimmed(text.substr(colon + 1));
  if (is(name, "content-length")) {
    size_t length;
    if (!read_number(value, 10, length) || (has_length_ && length != left_)) return refuse("it says two lengths, or none");
    has_length_ = true;
    left_ = length;
  } else if (is(name, "transfer-encoding")) {
    if (!is(value, "chunked") || is_chunked_) return refuse("it sends its answer in a coding that it wasn't asked for");
    is_chunked_ = true;
  } else if (is(name, "connection")) {
    each(value, [this](std::string_view option) { keeps_open_ = keeps_open_ && !is(option, "close"); });
  }
  take_field(*exchange_, name, value);
  return State::more;
}

Reply::State Reply::head_ended() {
  const long status = exchange_->status;
  if (status < 200) {
    if (status == 101) return refuse(no_http);
    part_ = Part::status;
    return State::more;
  }
  if (has_length_ && is_chunked_) return refuse("it says two lengths, or none");
  if (status == 204 || status == 304) {
    part_ = Part::done;
  } else if (is_chunked_) {
    part_ = Part::chunk_size;
  } else if (has_length_) {
    if (left_ > exchange_->max_bytes) return refuse("its answer is longer than max_answer");
    part_ = left_ == 0 ? Part::done : Part::body;
  } else {
    part_ = Part::rest;
    keeps_open_ = false;
  }
  return State::more;
}

// 1f;name=value
Reply::State Reply::chunk_size(std::string_view text) {
  if (!read_number(trimmed(text.substr(0, text.find(';'))), 16, left_)) return refuse(no_http);
  part_ = left_ == 0 ? Part::trailers : Part::chunk;
  return State::more;
}

Reply::State Reply::body(std::string_view bytes) {
  if (bytes.size() > exchange_->max_bytes - exchange_->data.size()) return refuse("its answer is longer than max_answer");
  exchange_->data.append(bytes);
  if (part_ == Part::rest) return State::more;
  left_ -= bytes.size();
  if (left_ == 0) part_ = part_ == Part::body ? Part::done : Part::chunk_end;
  return State::more;
}

}  // namespace remote

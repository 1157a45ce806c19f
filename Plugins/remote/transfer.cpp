// transfer.cpp - an exchange as libcurl carries it: how it is asked for, what comes, and how it ended.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "loop.h"

namespace remote {
CURL *Loop::take_easy() {
  if (!idle_.empty()) {
    CURL *const easy = idle_.back();
    idle_.pop_back();
    return easy;
  }
  CURL *const easy = curl_easy_init();
  if (easy == nullptr) return nullptr;
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // what the environment says of proxies isn't for this
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_timeout / 1'000'000));
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(settings_.idle / 1'000'000'000));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L << 10);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  if (!settings_.ca.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.ca.c_str());
  return easy;
}

bool Loop::prepare(Exchange &exchange, bool is_fresh) {
  CURL *const easy = exchange.easy_;
  exchange.forget_answer();
  exchange.sent_ = exchange.head_bytes_ = 0;
  exchange.is_refused_ = exchange.is_held_ = exchange.is_guest_ = exchange.is_turned_away_ = false;
  exchange.loop_ = this;
  exchange.lines_.resize(exchange.headers.size());
  for (size_t i = 0; i < exchange.lines_.size(); i++) {
    exchange.lines_[i].data = exchange.headers[i].data();
    exchange.lines_[i].next = i + 1 < exchange.lines_.size() ? &exchange.lines_[i + 1] : nullptr;
  }
  CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, exchange.url.c_str());
  const auto set = [&](CURLoption option, auto value) {
    if (code == CURLE_OK) code = curl_easy_setopt(easy, option, value);
  };
  set(CURLOPT_PRIVATE, static_cast<void *>(&exchange));
  set(CURLOPT_HEADERDATA, static_cast<void *>(&exchange));
  set(CURLOPT_WRITEDATA, static_cast<void *>(&exchange));
  set(CURLOPT_HTTPHEADER, exchange.lines_.empty() ? nullptr : exchange.lines_.data());
  set(CURLOPT_OPENSOCKETDATA, static_cast<void *>(&exchange));
  set(CURLOPT_CLOSESOCKETDATA, static_cast<void *>(&door(exchange)));
  // It is asked where the server is, and the next ones have connections of their own.
  set(CURLOPT_FORBID_REUSE, Plain::suits(exchange) ? 1L : 0L);
  long version = CURL_HTTP_VERSION_1_1;
  if (exchange.is_http2) {
    // libcurl 7.88 fails where a connection that was begun by prior knowledge is to be used again by prior knowledge. So
    // there is one exchange that begins it, and the others are its guests: they ask for HTTP/2, and may open nothing,
    // as that would begin with HTTP/1.1.
    exchange.is_guest_ = !exchange.server->is_secure && !is_fresh && door(exchange).open > 0;
    version = exchange.server->is_secure ? CURL_HTTP_VERSION_2TLS
              : exchange.is_guest_       ? CURL_HTTP_VERSION_2_0
                                         : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    set(CURLOPT_FRESH_CONNECT, version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE ? 1L : 0L);
  }
  set(CURLOPT_HTTP_VERSION, version);
  if (exchange.body == nullptr) {
    set(CURLOPT_HTTPGET, 1L);
    return code == CURLE_OK;
  }
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body->size()));
  // In one piece it goes out with the header fields. But curl sends it again and again by itself, over other connections,
  // where one that was kept is closed before anything comes back; by the callbacks it does so once, or not at all.
  const bool is_simple = exchange.body->is_one_piece() && exchange.may_resend && Plain::suits(exchange);
  set(CURLOPT_READDATA, static_cast<void *>(&exchange));
  set(CURLOPT_SEEKDATA, static_cast<void *>(&exchange));
  set(CURLOPT_POSTFIELDS, is_simple ? exchange.body->text().data() : nullptr);
  return code == CURLE_OK;
}

void Loop::begin(Exchange &exchange) {
  if (start(exchange)) return;
  exchange.end = Exchange::End::unreachable;
  exchange.problem = "no memory for a connection";
  exchange.listener->ended(exchange);
}

// ---- What curl calls ----

size_t Loop::on_header(char *data, size_t size, size_t count, void *opaque) {
  Exchange &exchange = *static_cast<Exchange *>(opaque);
  const size_t length = size * count;
  exchange.head_bytes_ += length;
  if (exchange.head_bytes_ > most_header_bytes) {
    exchange.is_refused_ = true;
    exchange.problem = "it sends more than 64 KiB of header fields";
    return 0;
  }
  size_t end = length;
  while (end > 0 && (data[end - 1] == '\n' || data[end - 1] == '\r' || data[end - 1] == ' ')) end--;
  if (end > 5 && std::memcmp(data, "HTTP/", 5) == 0) {
    // What came with an interim answer doesn't count.
    exchange.content_type.clear();
    exchange.json_length = 0;
    return length;
  }
  const std::string_view line(data, end);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return length;
  size_t start = colon + 1;
  while (start < end && line[start] == ' ') start++;
  try {
    take_field(exchange, line.substr(0, colon), line.substr(start));
  } catch (const std::exception &) {
    return 0;
  }
  return length;
}

size_t Loop::on_data(char *data, size_t size, size_t count, void *opaque) {
  Exchange &exchange = *static_cast<Exchange *>(opaque);
  const size_t length = size * count;
  if (exchange.in_pieces) {
    curl_easy_getinfo(exchange.easy_, CURLINFO_RESPONSE_CODE, &exchange.status);
    if (exchange.listener->received(exchange, data, length) == Listener::Flow::taken) return length;
    exchange.is_held_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (exchange.data.size() + length > exchange.max_bytes) {
    exchange.is_refused_ = true;
    exchange.problem = "its answer is longer than max_answer";
    return 0;
  }
  try {
    exchange.data.append(data, length);
  } catch (const std::exception &) {
    exchange.is_refused_ = true;
    exchange.problem = "no memory for its answer";
    return 0;
  }
  return length;
}

size_t Loop::on_read(char *to, size_t size, size_t count, void *opaque) {
  Exchange &exchange = *static_cast<Exchange *>(opaque);
  const size_t read = exchange.body->read(exchange.sent_, to, size * count);
  exchange.sent_ += read;
  return read;
}

int Loop::on_seek(void *opaque, curl_off_t offset, int origin) {
  Exchange &exchange = *static_cast<Exchange *>(opaque);
  if (!exchange.may_resend || exchange.was_resent || origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
  exchange.was_resent = true;
  exchange.sent_ = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// ---- The end ----

// Where the server was found, for those that need no libcurl.
void Loop::remember(const Exchange &exchange) {
  char *address = nullptr;
  long port = 0;
  curl_easy_getinfo(exchange.easy_, CURLINFO_PRIMARY_IP, &address);
  curl_easy_getinfo(exchange.easy_, CURLINFO_PRIMARY_PORT, &port);
  if (address != nullptr) plain_->remember(exchange.server, address, port, now_ns());
}

void Loop::end_by(Exchange &exchange, CURLcode code) {
  using End = Exchange::End;
  // A guest that found no connection, so that nothing of it was sent; or, now and then, one that libcurl 7.88 has lost with
  // its connection, at once. It begins a connection of its own.
  const bool is_lost = exchange.is_guest_ && code == CURLE_HTTP2 && exchange.head_bytes_ == 0 && exchange.may_resend;
  if (exchange.is_turned_away_ || is_lost) {
    release(exchange);
    if (start(exchange, true)) return;
    exchange.end = End::unreachable;
    exchange.problem = "no memory for a connection";
    return exchange.listener->ended(exchange);
  }
  curl_easy_getinfo(exchange.easy_, CURLINFO_RESPONSE_CODE, &exchange.status);
  if (exchange.is_refused_) return finish(exchange, End::lying);
  curl_off_t ready = 0;  // when the connection was there
  curl_easy_getinfo(exchange.easy_, CURLINFO_PRETRANSFER_TIME_T, &ready);
  switch (code) {
    case CURLE_OK:
      if (Plain::suits(exchange)) remember(exchange);
      return finish(exchange, End::answered);
    case CURLE_COULDNT_RESOLVE_HOST:
      exchange.problem = "its name can't be resolved";
      return finish(exchange, End::unreachable);
    case CURLE_PEER_FAILED_VERIFICATION:
      exchange.problem = "its certificate isn't to be trusted";
      return finish(exchange, End::unreachable);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      exchange.problem = "it can't be talked to by TLS";
      return finish(exchange, End::unreachable);
    case CURLE_COULDNT_CONNECT: {
      long reason = 0;
      curl_easy_getinfo(exchange.easy_, CURLINFO_OS_ERRNO, &reason);
      const bool is_forbidden = reason == EACCES || reason == EPERM;
      exchange.problem = is_forbidden        ? "this process may not use the network: plugins.NAME.grants: { network: any }"
                         : reason != 0 ? std::string("no connection: ") + std::strerror(static_cast<int>(reason))
                                       : "no connection";
      return finish(exchange, End::unreachable);
    }
    case CURLE_OPERATION_TIMEDOUT:
      if (ready > 0) return finish(exchange, End::timed_out);
      exchange.problem = "no connection in time";
      return finish(exchange, End::unreachable);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      exchange.problem = "what it answers is no HTTP";
      return finish(exchange, End::lying);
    default:
      exchange.problem = ready > 0 ? "the connection ended in the middle of the answer" : "no connection";
      return finish(exchange, ready > 0 ? End::broken : End::unreachable);
  }
}

}  // namespace remote

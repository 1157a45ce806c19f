#include "plain.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "loop.h"

namespace remote {
namespace {

constexpr size_t room = 64 << 10;
constexpr int most_pieces = 64;
constexpr uint64_t address_is_good_for = 60'000'000'000;  // as long as libcurl keeps what it has resolved
constexpr size_t scheme_size = 7;                         // http://

}  // namespace

Plain::Plain(const Settings &settings, int epoll)
    : settings_(settings), epoll_(epoll), places_(settings.servers.size()), room_(room) {}

Plain::~Plain() {
  for (const auto &connection : connections_) {
    if (connection != nullptr) close(connection->socket);
  }
}

bool Plain::suits(const Exchange &exchange) {
  return !exchange.is_http2 && !exchange.in_pieces && !exchange.server->is_secure;
}

size_t Plain::index(const Server *server) const { return static_cast<size_t>(server - settings_.servers.data()); }

// The head of the request, and room for an answer.
void Plain::prepare(Exchange &exchange) const {
  exchange.forget_answer();
  std::string &head = exchange.head_;
  const std::string_view target = std::string_view(exchange.url).substr(scheme_size + exchange.server->name.size());
  head.assign(exchange.body != nullptr ? "POST " : "GET ");
  head.append(target.empty() ? "/" : target);
  head.append(" HTTP/1.1\r\nHost: ").append(exchange.server->name);
  head.append("\r\nAccept: */*\r\n");
  if (exchange.body != nullptr) head.append("Content-Length: ").append(std::to_string(exchange.body->size())).append("\r\n");
  for (const std::string &line : exchange.headers) {
    if (line.back() != ':') head.append(line).append("\r\n");  // without a value it tells libcurl what to leave out
  }
  head.append("\r\n");
}

bool Plain::send(Exchange &exchange, bool &must_wake) {
  must_wake = false;
  if (!suits(exchange)) return false;
  prepare(exchange);
  Connection *connection = nullptr;
  {
    const std::lock_guard<std::mutex> guard(idle_lock_);
    std::vector<Connection *> &idle = places_[index(exchange.server)].idle;
    // Those that have rested for too long lie at the bottom, and are closed by the loop.
    if (!idle.empty() && now_ns() - idle.back()->idle_since < settings_.idle) {
      connection = idle.back();
      idle.pop_back();
      connection->is_idle = false;
    }
  }
  if (connection == nullptr) return false;
  {
    // The answer may be there before this thread has found out that all is sent.
    const std::lock_guard<std::mutex> guard(connection->lock);
    connection->exchange = &exchange;
    connection->sent = 0;
    connection->reply.start(exchange);
    const Push push = this->push(*connection);
    if (push == Push::failed && connection->sent == 0) {
      // Closed by the other side meanwhile: nothing has reached it. The loop finds the connection by its event.
      connection->exchange = nullptr;
      connection->is_broken = true;
      return false;
    }
    // Where it failed half-way, the loop finds that out as well, by reading.
    if (push == Push::part) wait_for_room(*connection, true);
  }
  was_used_.store(true, std::memory_order_relaxed);
  must_wake = !needs_looks_.exchange(true);
  return true;
}

// Sends what has room.
Plain::Push Plain::push(Connection &connection) {
  const Exchange &exchange = *connection.exchange;
  const size_t all = exchange.head_.size() + (exchange.body != nullptr ? exchange.body->size() : 0);
  while (connection.sent < all) {
    iovec pieces[most_pieces];
    int count = 0;
    size_t skip = connection.sent, size = 0;
    const auto add = [&](const char *data, size_t length) {
      if (skip >= length) {
        skip -= length;
      } else if (count < most_pieces) {
        pieces[count++] = {const_cast<char *>(data) + skip, length - skip};
        size += length - skip;
        skip = 0;
      }
    };
    add(exchange.head_.data(), exchange.head_.size());
    if (exchange.body != nullptr) exchange.body->each_piece(add);
    msghdr message = {};
    message.msg_iov = pieces;
    message.msg_iovlen = static_cast<size_t>(count);
    const ssize_t sent = sendmsg(connection.socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      connection.sent += static_cast<size_t>(sent);
      if (static_cast<size_t>(sent) < size) return Push::part;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Push::part;
    } else if (errno != EINTR) {
      return Push::failed;
    }
  }
  return Push::whole;
}

void Plain::wait_for_room(Connection &connection, bool waits) {
  if (connection.waits_for_room == waits) return;
  connection.waits_for_room = waits;
  epoll_event event = {};
  event.events = EPOLLIN | (waits ? EPOLLOUT : 0u);
  event.data.u64 = mark | static_cast<uint32_t>(connection.socket);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event);
}

// ---- The loop's thread ----

void Plain::remember(const Server *server, const char *address, long port, uint64_t now) {
  Place &place = places_[index(server)];
  sockaddr_in four = {};
  sockaddr_in6 six = {};
  if (inet_pton(AF_INET, address, &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<uint16_t>(port));
    place.size = sizeof four;
    std::memcpy(&place.address, &four, sizeof four);
  } else if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<uint16_t>(port));
    place.size = sizeof six;
    std::memcpy(&place.address, &six, sizeof six);
  } else {
    place.size = 0;
  }
  place.until = now + address_is_good_for;
}

bool Plain::open(Exchange &exchange, uint64_t now) {
  if (!suits(exchange)) return false;
  Place &place = places_[index(exchange.server)];
  if (place.size == 0 || now >= place.until) return false;
  const int opened = socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (opened < 0) return false;
  const int on = 1;
  setsockopt(opened, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(opened, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (connect(opened, reinterpret_cast<const sockaddr *>(&place.address), place.size) != 0 && errno != EINPROGRESS) {
    place.size = 0;
    close(opened);
    return false;
  }
  try {
    if (connections_.size() <= static_cast<size_t>(opened)) connections_.resize(static_cast<size_t>(opened) + 1);
    auto connection = std::make_unique<Connection>();
    connection->socket = opened;
    connection->server = index(exchange.server);
    connection->opened = now;
    connection->is_connecting = connection->waits_for_room = true;
    prepare(exchange);
    connection->exchange = &exchange;
    connection->reply.start(exchange);
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.u64 = mark | static_cast<uint32_t>(opened);
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, opened, &event) != 0) {
      close(opened);
      return false;
    }
    connections_[static_cast<size_t>(opened)] = std::move(connection);
  } catch (const std::exception &) {
    close(opened);
    return false;
  }
  needs_looks_ = true;
  return true;
}

void Plain::drop(Connection &connection) {
  close(connection.socket);  // which takes it out of epoll, too
  connections_[static_cast<size_t>(connection.socket)].reset();
}

void Plain::handle(int socket, uint32_t events, uint64_t now) {
  Connection *const connection = connections_[static_cast<size_t>(socket)].get();
  if (connection == nullptr) return;  // closed by an event before this one
  bool was_idle = false;
  {
    const std::lock_guard<std::mutex> guard(idle_lock_);
    if (connection->is_idle) {
      std::vector<Connection *> &idle = places_[connection->server].idle;
      for (size_t i = 0; i < idle.size(); i++) {
        if (idle[i] == connection) idle.erase(idle.begin() + static_cast<ptrdiff_t>(i));
      }
      was_idle = true;
    }
  }
  if (was_idle) return drop(*connection);  // closed by the other side, which has nothing to say unasked either
  std::unique_lock<std::mutex> guard(connection->lock);
  if (connection->exchange == nullptr) {
    // Taken by a thread that hasn't begun yet: the event comes again.
    if (!connection->is_broken) return;
    guard.unlock();
    return drop(*connection);
  }
  if (connection->is_connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
      places_[connection->server].size = 0;
      left_over.push_back(connection->exchange);
      guard.unlock();
      return drop(*connection);
    }
    if ((events & EPOLLOUT) == 0) return;
    connection->is_connecting = false;
  }
  if (connection->waits_for_room && (events & EPOLLOUT) != 0 && push(*connection) == Push::whole) {
    wait_for_room(*connection, false);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  while (read(*connection, guard, now)) {
  }
}

// Whether there may be more to read; where not, the lock may have been let go.
bool Plain::read(Connection &connection, std::unique_lock<std::mutex> &guard, uint64_t now) {
  Exchange &exchange = *connection.exchange;
  const ssize_t size = recv(connection.socket, room_.data(), room_.size(), MSG_DONTWAIT);
  if (size < 0) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK) lose(connection, guard, now);
    return false;
  }
  Reply::State state;
  size_t taken = 0;
  try {
    state = size == 0 ? connection.reply.end() : connection.reply.take({room_.data(), static_cast<size_t>(size)}, taken);
  } catch (const std::exception &) {
    exchange.problem = "no memory for its answer";
    state = Reply::State::bad;
  }
  switch (state) {
    case Reply::State::bad: settle(connection, guard, Exchange::End::lying, false, now); return false;
    case Reply::State::done: {
      // Neither what comes behind the answer nor what hasn't been sent of the question may be taken for the next ones.
      const bool is_clean = taken == static_cast<size_t>(size) && !connection.waits_for_room;
      settle(connection, guard, Exchange::End::answered, is_clean && size > 0 && connection.reply.keeps_open(), now);
      return false;
    }
    default: break;
  }
  if (size == 0) {
    lose(connection, guard, now);
    return false;
  }
  return static_cast<size_t>(size) == room_.size();
}

// The connection has ended, and the answer hasn't. One that had been kept may have been closed before the request came.
void Plain::lose(Connection &connection, std::unique_lock<std::mutex> &guard, uint64_t now) {
  Exchange &exchange = *connection.exchange;
  if (!connection.is_used || connection.reply.has_begun() || !exchange.may_resend || exchange.was_resent) {
    exchange.problem = "the connection ended in the middle of the answer";
    return settle(connection, guard, Exchange::End::broken, false, now);
  }
  exchange.was_resent = true;
  guard.unlock();
  drop(connection);
  if (!open(exchange, now)) left_over.push_back(&exchange);
}

void Plain::settle(Connection &connection, std::unique_lock<std::mutex> &guard, Exchange::End end, bool keep, uint64_t now) {
  Exchange &exchange = *connection.exchange;
  connection.exchange = nullptr;
  connection.is_used = true;
  guard.unlock();
  if (keep) {
    try {
      const std::lock_guard<std::mutex> idle_guard(idle_lock_);
      places_[connection.server].idle.push_back(&connection);
      connection.is_idle = true;
      connection.idle_since = now;
    } catch (const std::exception &) {
      keep = false;
    }
  }
  if (!keep) drop(connection);
  exchange.end = end;
  exchange.listener->ended(exchange);
}

uint64_t Plain::look(uint64_t now) {
  // Said before looking: whoever sends from now on has the loop come again.
  needs_looks_ = false;
  bool is_needed = was_used_.exchange(false, std::memory_order_relaxed);
  // By index: connections may come to be meanwhile.
  for (size_t i = 0; i < connections_.size(); i++) {
    Connection *const connection = connections_[i].get();
    if (connection == nullptr) continue;
    std::unique_lock<std::mutex> guard(connection->lock);
    Exchange *const exchange = connection->exchange;
    if (exchange == nullptr) continue;
    is_needed = true;
    const sluice_request *const request = exchange->request;
    if (exchange->is_abandoned.load(std::memory_order_relaxed) ||
        (request != nullptr && request->host->is_cancelled(request) != 0)) {
      settle(*connection, guard, Exchange::End::cancelled, false, now);
    } else if (connection->is_connecting && (now >= exchange->deadline_ns || now - connection->opened >= settings_.connect_timeout)) {
      exchange->problem = "no connection in time";
      settle(*connection, guard, Exchange::End::unreachable, false, now);
    } else if (now >= exchange->deadline_ns) {
      settle(*connection, guard, Exchange::End::timed_out, false, now);
    }
  }
  std::vector<Connection *> old;
  uint64_t next = 0;
  {
    const std::lock_guard<std::mutex> guard(idle_lock_);
    for (Place &place : places_) {
      size_t count = 0;
      while (count < place.idle.size() && now - place.idle[count]->idle_since >= settings_.idle) count++;
      old.insert(old.end(), place.idle.begin(), place.idle.begin() + static_cast<ptrdiff_t>(count));
      place.idle.erase(place.idle.begin(), place.idle.begin() + static_cast<ptrdiff_t>(count));
      if (place.idle.empty()) continue;
      const uint64_t end = place.idle.front()->idle_since + settings_.idle;
      next = next == 0 ? end : std::min(next, end);
    }
  }
  for (Connection *connection : old) drop(*connection);
  if (is_needed) needs_looks_ = true;
  return next;
}

void Plain::cancel_all() {
  for (size_t i = 0; i < connections_.size(); i++) {
    Connection *const connection = connections_[i].get();
    if (connection == nullptr) continue;
    std::unique_lock<std::mutex> guard(connection->lock);
    if (connection->exchange != nullptr) settle(*connection, guard, Exchange::End::cancelled, false, 0);
  }
}

}  // namespace remote

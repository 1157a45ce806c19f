// plain.h - the common case without libcurl: an exchange by HTTP/1.1 without TLS, whose answer comes as a whole.
//
// libcurl asks first, and so finds out where a server is; connections to that address are made and kept here. A request
// goes out on the thread that brings it where a connection is free, and the loop's thread reads its answer. Whatever doesn't
// work as it should (a connection that is refused, an address that has become old) is libcurl's again, with all that it knows
// of names, addresses and errors.
#ifndef SLUICE_REMOTE_PLAIN_H
#define SLUICE_REMOTE_PLAIN_H
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "reply.h"

namespace remote {

class Plain {
 public:
  // What its descriptors are told by in events of `epoll`: the rest of `data` is the descriptor.
  static constexpr uint64_t mark = uint64_t{1} << 32;

  Plain(const Settings &settings, int epoll);
  ~Plain();
  Plain(const Plain &) = delete;

  // Whether it is one of the common case.
  static bool suits(const Exchange &exchange);

  // From any thread: sends it where a connection is free; false where none is. Then, or where `must_wake`, the loop's thread
  // has to come and look.
  bool send(Exchange &exchange, bool &must_wake);

  // All below on the loop's thread. False where libcurl must carry it.
  bool open(Exchange &exchange, uint64_t now);
  void handle(int socket, uint32_t events, uint64_t now);
  // Ends those whose callers have left or whose time is over, and closes what nobody has used for long; when there will be
  // more of that to close, or 0.
  uint64_t look(uint64_t now);
  void cancel_all();
  // Whether look() is to be called soon again.
  bool needs_looks() const { return needs_looks_.load(std::memory_order_relaxed); }
  // Where libcurl has found the server.
  void remember(const Server *server, const char *address, long port, uint64_t now);
  // Exchanges that libcurl must carry instead.
  std::vector<Exchange *> left_over;

 private:
  // Used by one thread at a time: by the one that has taken it out of the idle ones, and by the loop's.
  struct Connection {
    int socket = -1;
    size_t server = 0;
    uint64_t opened = 0;
    bool is_idle = false;     // guarded by idle_lock_, as the next
    uint64_t idle_since = 0;
    std::mutex lock;
    Exchange *exchange = nullptr;  // guarded by lock, as all below
    size_t sent = 0;
    bool is_connecting = false, is_used = false, is_broken = false, waits_for_room = false;
    Reply reply;
  };
  struct Place {
    sockaddr_storage address;
    socklen_t size = 0;  // 0 where it isn't known
    uint64_t until = 0;
    std::vector<Connection *> idle;  // guarded by idle_lock_; the last one was used last
  };
  enum class Push { whole, part, failed };

  size_t index(const Server *server) const;
  void prepare(Exchange &exchange) const;
  Push push(Connection &connection);
  void wait_for_room(Connection &connection, bool waits);
  bool read(Connection &connection, std::unique_lock<std::mutex> &guard, uint64_t now);
  void lose(Connection &connection, std::unique_lock<std::mutex> &guard, uint64_t now);
  void settle(Connection &connection, std::unique_lock<std::mutex> &guard, Exchange::End end, bool keep, uint64_t now);
  void drop(Connection &connection);

  const Settings &settings_;
  const int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor; the loop's thread's
  std::vector<Place> places_;
  std::mutex idle_lock_;
  std::atomic<bool> needs_looks_{false}, was_used_{false};
  std::vector<char> room_;
};

}  // namespace remote

#endif

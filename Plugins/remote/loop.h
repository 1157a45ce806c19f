// loop.h - one thread that carries all exchanges of a model, on libcurl but for the plainest: connections are kept and used
// again, and nothing waits for anything else.
#ifndef SLUICE_REMOTE_LOOP_H
#define SLUICE_REMOTE_LOOP_H
#include <functional>
#include <mutex>
#include <thread>

#include "plain.h"

namespace remote {

// CLOCK_MONOTONIC, as the host's clock.
uint64_t now_ns();

class Loop {
 public:
  // Throws a Failure where the system has no descriptors or threads left.
  explicit Loop(const Settings &settings);
  ~Loop();
  Loop(const Loop &) = delete;

  // Ends what is under way, whose listeners are told, and the thread. Nothing may be submitted after that.
  void stop();

  // From any thread. The exchange stays where it is until its listener hears of its end, which always comes.
  void submit(Exchange &exchange);

  // Has the loop look at once for exchanges that are abandoned, or held back.
  void nudge();

  // Has `due` called on the loop's thread, now and whenever the moment has come that it returned.
  void keep_time(std::function<uint64_t(uint64_t now)> due);

 private:
  // What is known of a descriptor; by its number.
  struct Watch {
    uint32_t registered = 0, wanted = 0;
    bool is_connection = false;
    bool is_pressed = false;  // among those that are written to without being watched for room
  };

  // The connections to one server.
  struct Door {
    Loop *loop;
    size_t open;
  };

  void run();
  void take_submitted(uint64_t now);
  void begin(Exchange &exchange);
  void take_left_over();
  bool start(Exchange &exchange, bool is_fresh = false);
  bool prepare(Exchange &exchange, bool is_fresh);
  void release(Exchange &exchange);
  Door &door(const Exchange &exchange);
  void drain();
  void look(uint64_t now, bool is_nudged);
  void finish(Exchange &exchange, Exchange::End end);
  void end_by(Exchange &exchange, CURLcode code);
  void remember(const Exchange &exchange);
  int wait_milliseconds(uint64_t now) const;
  void watch(curl_socket_t socket, uint32_t wanted);
  void enroll(curl_socket_t socket, Watch &known, uint32_t wanted);
  void press_on();
  CURL *take_easy();
  void wake();

  static int on_socket(CURL *, curl_socket_t socket, int what, void *loop, void *);
  static int on_timer(CURLM *, long milliseconds, void *loop);
  static size_t on_header(char *line, size_t size, size_t count, void *exchange);
  static size_t on_data(char *data, size_t size, size_t count, void *exchange);
  static size_t on_read(char *to, size_t size, size_t count, void *exchange);
  static int on_seek(void *exchange, curl_off_t offset, int origin);
  static curl_socket_t on_open(void *exchange, curlsocktype, struct curl_sockaddr *address);
  static int on_close(void *door, curl_socket_t socket);

  const Settings &settings_;
  CURLM *multi_ = nullptr;
  int epoll_ = -1, wake_ = -1;
  std::unique_ptr<Plain> plain_;
  std::vector<Watch> watches_;
  std::vector<curl_socket_t> pressed_;
  std::vector<Door> doors_;  // one for each server; stays as long as it is
  std::vector<CURL *> idle_;
  std::vector<Exchange *> under_way_, taken_;
  std::function<uint64_t(uint64_t)> due_;
  uint64_t timer_ = 0, look_ = 0, due_at_ = 0;  // moments; 0 for never

  std::mutex lock_;
  std::vector<Exchange *> submitted_;  // guarded by lock_, as the three below
  bool is_nudged_ = false, is_ending_ = false, is_asleep_ = false;
  std::function<uint64_t(uint64_t)> new_due_;
  std::thread thread_;  // last: it starts when all else is ready
};

}  // namespace remote

#endif

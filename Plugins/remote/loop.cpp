#include "loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace remote {
namespace {

constexpr size_t most_idle = 256;
constexpr uint64_t look_every = 10'000'000;  // for callers that have left, and deadlines

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw Failure(SLUICE_INTERNAL, "libcurl can't be used here");
}

}  // namespace

uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

Loop::Loop(const Settings &settings)
    : settings_(settings), doors_(settings.servers.size(), Door{this, 0}) {
  start_curl();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  multi_ = curl_multi_init();
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  if (epoll_ < 0 || wake_ < 0 || multi_ == nullptr || epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
    if (epoll_ >= 0) close(epoll_);
    if (wake_ >= 0) close(wake_);
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
    throw Failure(SLUICE_RESOURCE_EXHAUSTED, std::string("no descriptors for connections: ") + std::strerror(errno));
  }
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  const size_t connections = settings.connections * settings.servers.size();
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(std::min<size_t>(connections, LONG_MAX)));
  // One call at a time on each connection, over HTTP/2 too: libcurl 7.88 loses answers where several share one.
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  try {
    plain_ = std::make_unique<Plain>(settings, epoll_);
    thread_ = std::thread([this] { run(); });
  } catch (const std::exception &) {
    curl_multi_cleanup(multi_);
    close(epoll_);
    close(wake_);
    throw Failure(SLUICE_RESOURCE_EXHAUSTED, "no thread for connections");
  }
}

Loop::Door &Loop::door(const Exchange &exchange) {
  return doors_[static_cast<size_t>(exchange.server - settings_.servers.data())];
}

Loop::~Loop() {
  stop();
  for (CURL *easy : idle_) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi_);
  close(epoll_);
  close(wake_);
}

void Loop::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    is_ending_ = true;
  }
  wake();
  thread_.join();
}

void Loop::submit(Exchange &exchange) {
  bool must_wake;
  if (plain_->send(exchange, must_wake)) {
    if (must_wake) wake();
    return;
  }
  {
    const std::lock_guard<std::mutex> guard(lock_);
    submitted_.push_back(&exchange);
    must_wake = is_asleep_;
    is_asleep_ = false;
  }
  if (must_wake) wake();
}

void Loop::nudge() {
  {
    const std::lock_guard<std::mutex> guard(lock_);
    is_nudged_ = true;
  }
  wake();
}

void Loop::keep_time(std::function<uint64_t(uint64_t)> due) {
  {
    const std::lock_guard<std::mutex> guard(lock_);
    new_due_ = std::move(due);
  }
  wake();
}

void Loop::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

// ---- The thread ----

void Loop::run() {
  // OpenSSL writes without saying that it wants no signal for a connection that the other side has closed.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  epoll_event events[64];
  while (true) {
    bool is_nudged, is_ending;
    {
      const std::lock_guard<std::mutex> guard(lock_);
      is_asleep_ = false;
      taken_.swap(submitted_);
      is_nudged = std::exchange(is_nudged_, false);
      is_ending = is_ending_;
      if (new_due_) {
        due_ = std::exchange(new_due_, nullptr);
        due_at_ = 1;
      }
    }
    uint64_t now = now_ns();
    take_submitted(now);
    if (is_ending) break;
    if (due_at_ != 0 && now >= due_at_) due_at_ = due_(now);
    if (timer_ != 0 && now >= timer_) {
      int running;
      timer_ = 0;
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    press_on();
    drain();
    if (plain_->needs_looks() && (look_ == 0 || look_ > now + look_every)) look_ = now + look_every;
    if (is_nudged || (look_ != 0 && now >= look_)) look(now, is_nudged);

    int wait = wait_milliseconds(now);
    {
      const std::lock_guard<std::mutex> guard(lock_);
      const bool has_news = !submitted_.empty() || is_nudged_ || is_ending_ || new_due_;
      if (has_news) wait = 0;
      is_asleep_ = wait != 0;
    }
    const int count = epoll_wait(epoll_, events, sizeof events / sizeof events[0], wait);
    if (count > 0) now = now_ns();
    for (int i = 0; i < count; i++) {
      const int socket = events[i].data.fd;
      if ((events[i].data.u64 & Plain::mark) != 0) {
        plain_->handle(socket, events[i].events, now);
        continue;
      }
      if (socket == wake_) {
        uint64_t wakes;
        [[maybe_unused]] const ssize_t size = read(wake_, &wakes, sizeof wakes);
        continue;
      }
      Watch &known = watches_[static_cast<size_t>(socket)];
      if (known.wanted == 0) {
        // A connection that nobody uses: closed by the other side, mostly. curl finds out when it wants to use it.
        epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
        known.registered = 0;
        continue;
      }
      int flags = 0, running;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) flags |= CURL_CSELECT_IN;
      if (events[i].events & (EPOLLOUT | EPOLLERR)) flags |= CURL_CSELECT_OUT;
      curl_multi_socket_action(multi_, socket, flags, &running);
    }
    press_on();
    drain();
    take_left_over();
  }
  plain_->cancel_all();
  while (!under_way_.empty()) finish(*under_way_.back(), Exchange::End::cancelled);
  std::vector<Exchange *> late;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    late.swap(submitted_);
  }
  for (Exchange *exchange : late) {
    exchange->end = Exchange::End::cancelled;
    exchange->listener->ended(*exchange);
  }
}

void Loop::take_submitted(uint64_t now) {
  for (Exchange *exchange : taken_) {
    if (!plain_->open(*exchange, now)) begin(*exchange);
  }
  taken_.clear();
}

// By libcurl, what couldn't be carried without it.
void Loop::take_left_over() {
  for (Exchange *exchange : plain_->left_over) begin(*exchange);
  plain_->left_over.clear();
}

int Loop::wait_milliseconds(uint64_t now) const {
  uint64_t next = UINT64_MAX;
  for (const uint64_t moment : {timer_, look_, due_at_}) {
    if (moment != 0) next = std::min(next, moment);
  }
  if (next == UINT64_MAX) return -1;
  if (next <= now) return 0;
  return static_cast<int>(std::min<uint64_t>((next - now + 999'999) / 1'000'000, 3'600'000));
}

// Callers that have left, deadlines, and what somebody asked to look for.
void Loop::look(uint64_t now, bool is_nudged) {
  look_ = plain_->look(now);
  for (size_t i = under_way_.size(); i-- > 0;) {
    Exchange &exchange = *under_way_[i];
    const sluice_request *request = exchange.request;
    if (exchange.is_abandoned.load(std::memory_order_relaxed) ||
        (request != nullptr && request->host->is_cancelled(request) != 0)) {
      finish(exchange, Exchange::End::cancelled);
    } else if (now >= exchange.deadline_ns) {
      finish(exchange, Exchange::End::timed_out);
    } else if (is_nudged && exchange.is_held_) {
      exchange.is_held_ = false;
      curl_easy_pause(exchange.easy_, CURLPAUSE_CONT);
    }
  }
  drain();
  if (!under_way_.empty() || plain_->needs_looks()) look_ = now + look_every;
}

void Loop::drain() {
  int left;
  while (const CURLMsg *message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char *owner = nullptr;
    const CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    end_by(*reinterpret_cast<Exchange *>(owner), code);
  }
}

// curl forgets the exchange.
void Loop::release(Exchange &exchange) {
  Exchange *const last = under_way_.back();
  under_way_[exchange.place_] = last;
  last->place_ = exchange.place_;
  under_way_.pop_back();
  curl_multi_remove_handle(multi_, exchange.easy_);
  if (idle_.size() < most_idle) {
    idle_.push_back(exchange.easy_);
  } else {
    curl_easy_cleanup(exchange.easy_);
  }
  exchange.easy_ = nullptr;
}

void Loop::finish(Exchange &exchange, Exchange::End end) {
  release(exchange);
  exchange.end = end;
  exchange.listener->ended(exchange);
}

bool Loop::start(Exchange &exchange, bool is_fresh) {
  exchange.easy_ = take_easy();
  if (exchange.easy_ == nullptr) return false;
  if (!prepare(exchange, is_fresh) || curl_multi_add_handle(multi_, exchange.easy_) != CURLM_OK) {
    curl_easy_cleanup(exchange.easy_);
    exchange.easy_ = nullptr;
    return false;
  }
  exchange.place_ = under_way_.size();
  under_way_.push_back(&exchange);
  if (look_ == 0) look_ = now_ns() + look_every;
  return true;
}

// ---- What curl says of its sockets ----

int Loop::on_timer(CURLM *, long milliseconds, void *opaque) {
  static_cast<Loop *>(opaque)->timer_ =
      milliseconds < 0 ? 0 : now_ns() + static_cast<uint64_t>(milliseconds) * 1'000'000u;
  return 0;
}

curl_socket_t Loop::on_open(void *opaque, curlsocktype, struct curl_sockaddr *address) {
  Exchange &exchange = *static_cast<Exchange *>(opaque);
  Loop &loop = *exchange.loop_;
  if (exchange.is_guest_) {
    exchange.is_turned_away_ = true;
    return CURL_SOCKET_BAD;
  }
  const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened < 0) return CURL_SOCKET_BAD;
  try {
    if (loop.watches_.size() <= static_cast<size_t>(opened)) loop.watches_.resize(static_cast<size_t>(opened) + 1);
  } catch (const std::exception &) {
    close(opened);
    return CURL_SOCKET_BAD;
  }
  loop.watches_[static_cast<size_t>(opened)] = Watch{0, 0, true, false};
  loop.door(exchange).open++;
  return opened;
}

// The system forgets what it was to watch with the descriptor.
int Loop::on_close(void *opaque, curl_socket_t socket) {
  Door &door = *static_cast<Door *>(opaque);
  Loop &loop = *door.loop;
  door.open--;
  if (static_cast<size_t>(socket) < loop.watches_.size()) loop.watches_[static_cast<size_t>(socket)] = Watch{};
  return close(socket);
}

int Loop::on_socket(CURL *, curl_socket_t socket, int what, void *opaque, void *) {
  uint32_t wanted = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) wanted |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) wanted |= EPOLLOUT;
  try {
    static_cast<Loop *>(opaque)->watch(socket, wanted);
  } catch (const std::exception &) {
    return -1;
  }
  return 0;
}

void Loop::watch(curl_socket_t socket, uint32_t wanted) {
  if (watches_.size() <= static_cast<size_t>(socket)) watches_.resize(static_cast<size_t>(socket) + 1);
  Watch &known = watches_[static_cast<size_t>(socket)];
  known.wanted = wanted;
  if (known.registered == wanted) return;
  // A connection between two calls stays watched: the next one needs that again, and each change is a system call.
  if (wanted == 0 && known.is_connection && known.registered == EPOLLIN) return;
  // What there is to send has mostly gone out by the time that curl has found out that it has: room for it needn't be
  // watched for.
  if ((wanted & EPOLLOUT) != 0 && known.is_connection && known.registered == EPOLLIN) {
    if (!known.is_pressed) pressed_.push_back(socket);
    known.is_pressed = true;
    return;
  }
  enroll(socket, known, wanted);
}

void Loop::enroll(curl_socket_t socket, Watch &known, uint32_t wanted) {
  epoll_event event = {};
  event.events = wanted;
  event.data.fd = socket;
  if (wanted == 0) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  } else if (known.registered == 0 || epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) != 0) {
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }
  known.registered = wanted;
}

// Has curl go on with what it wants to send; what then has no room yet is watched.
void Loop::press_on() {
  for (size_t i = 0; i < pressed_.size(); i++) {
    const curl_socket_t socket = pressed_[i];
    Watch &known = watches_[static_cast<size_t>(socket)];
    if (!known.is_pressed) continue;
    if ((known.wanted & EPOLLOUT) != 0) {
      int running;
      curl_multi_socket_action(multi_, socket, CURL_CSELECT_OUT, &running);
    }
    Watch &after = watches_[static_cast<size_t>(socket)];
    const bool still_wants = after.is_pressed && (after.wanted & EPOLLOUT) != 0;
    after.is_pressed = false;
    if (still_wants) enroll(socket, after, after.wanted);
  }
  pressed_.clear();
}

}  // namespace remote

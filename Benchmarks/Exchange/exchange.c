/* The floor of a call into another process: an HTTP server that gives back each request's body and does nothing else,
 * by itself or by way of a runner. What the runner adds is what the kernel takes to wake one process and then the other:
 * a word to it and a word back, by futexes in shared memory. One thread, as one connection needs no more.
 *
 *     exchange PORT alone|runner
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LARGEST = 16 << 10, CONNECTIONS = 256 };

/* What gateway and runner share; each side's words on a cache line of their own. */
struct shared {
  _Alignas(64) _Atomic uint32_t question;
  _Alignas(64) _Atomic uint32_t answer;
  _Alignas(64) size_t count;
  unsigned char input[LARGEST], output[LARGEST];
};

struct connection {
  size_t count;
  char bytes[LARGEST];
};

static void await(_Atomic uint32_t *word, uint32_t old) {
  while (atomic_load(word) == old) syscall(SYS_futex, word, FUTEX_WAIT, old, NULL, NULL, 0);
}

static void change(_Atomic uint32_t *word) {
  atomic_fetch_add(word, 1);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static _Noreturn void run(struct shared *shared) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (uint32_t seen = 0;; seen++) {
    await(&shared->question, seen);
    memcpy(shared->output, shared->input, shared->count);
    change(&shared->answer);
  }
}

/* The runner's answer to a body; without a runner the body itself. */
static const void *answered(struct shared *shared, const void *body, size_t count) {
  if (shared == NULL) return body;
  memcpy(shared->input, body, count);
  shared->count = count;
  const uint32_t seen = atomic_load(&shared->answer);
  change(&shared->question);
  await(&shared->answer, seen);
  return shared->output;
}

/* Answers the request that a connection's bytes begin with. How many bytes it had; 0 where it isn't all there. */
static size_t serve(int descriptor, const struct connection *from, struct shared *shared) {
  const char *end = memmem(from->bytes, from->count, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  const size_t head = (size_t)(end - from->bytes) + 4;
  size_t body = 0;
  for (const char *line = from->bytes; line < end; line = (const char *)memchr(line, '\n', (size_t)(end + 4 - line)) + 1) {
    if (strncasecmp(line, "content-length:", 15) == 0) body = strtoul(line + 15, NULL, 10);
  }
  if (from->count - head < body) return 0;
  char answer[LARGEST + 128];
  int length = snprintf(answer, 128, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body);
  memcpy(answer + length, answered(shared, from->bytes + head, body), body);
  if (write(descriptor, answer, (size_t)length + body) < 0) return 0;
  return head + body;
}

/* Reads what there is and answers what is whole; false where the connection is over. */
static bool proceed(int descriptor, struct connection *connection, struct shared *shared) {
  const ssize_t got = read(descriptor, connection->bytes + connection->count, LARGEST - 1 - connection->count);
  if (got <= 0) return false;
  connection->count += (size_t)got;
  connection->bytes[connection->count] = 0;
  size_t taken;
  while (connection->count > 0 && (taken = serve(descriptor, connection, shared)) > 0) {
    connection->count -= taken;
    memmove(connection->bytes, connection->bytes + taken, connection->count);
  }
  return connection->count < LARGEST - 1;
}

static int failed(const char *what) {
  perror(what);
  return 1;
}

int main(int count, char **arguments) {
  if (count != 3 || (strcmp(arguments[2], "alone") != 0 && strcmp(arguments[2], "runner") != 0)) {
    fprintf(stderr, "usage: exchange PORT alone|runner\n");
    return 64;
  }
  signal(SIGPIPE, SIG_IGN);
  struct shared *shared = NULL;
  if (strcmp(arguments[2], "runner") == 0) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return failed("mmap");
    const pid_t runner = fork();
    if (runner < 0) return failed("fork");
    if (runner == 0) run(shared);
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
  const struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons((uint16_t)atoi(arguments[1])),
      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
  };
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0) return failed("bind");
  if (listen(listener, CONNECTIONS) != 0) return failed("listen");

  const int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  static struct connection connections[CONNECTIONS];
  for (;;) {
    struct epoll_event events[16];
    const int ready = epoll_wait(poll, events, 16, -1);
    if (ready < 0 && errno != EINTR) return failed("epoll_wait");
    for (int i = 0; i < ready; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor == listener) {
        descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (descriptor < 0) continue;
        if (descriptor >= CONNECTIONS) {
          close(descriptor);
          continue;
        }
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[descriptor].count = 0;
        event = (struct epoll_event){.events = EPOLLIN, .data = {.fd = descriptor}};
        epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
      } else if (!proceed(descriptor, &connections[descriptor], shared)) {
        close(descriptor);
      }
    }
  }
}

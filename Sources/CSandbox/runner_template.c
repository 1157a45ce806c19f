#define _GNU_SOURCE
#include "runner_template.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_RUNTIME_OF_ITS_OWN 1 /* which does not expect to be copied behind its back */
#endif
#endif

/* Descriptors of a message: the output and what is handed over. */
enum { FIRST_HANDED = 3, MOST_HANDED = 16, MOST_SENT = MOST_HANDED + 1, PAGE = 4096 };

union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * MOST_SENT)];
};

/* ---- The gateway's side ---- */

int process_from_template(int template, int output, const int *handed, int handed_count) {
  if (handed_count > MOST_HANDED) {
    errno = EINVAL;
    return -1;
  }
  int sent[MOST_SENT] = {output};
  memcpy(sent + 1, handed, sizeof(int) * (size_t)handed_count);
  size_t length = sizeof(int) * (size_t)(handed_count + 1);

  union control control;
  memset(&control, 0, sizeof control);
  char byte = 0;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
  message.msg_controllen = CMSG_SPACE(length);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(length);
  memcpy(CMSG_DATA(header), sent, length);

  ssize_t count;
  do count = sendmsg(template, &message, MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  if (count < 0) return -1;

  int answer = 0;
  do count = recv(template, &answer, sizeof answer, 0);
  while (count < 0 && errno == EINTR);
  if (count == (ssize_t)sizeof answer) {
    if (answer > 0) return answer;
    errno = -answer;
  } else if (count >= 0) {
    errno = ECONNRESET;
  } else if (errno == EAGAIN) {
    errno = ETIMEDOUT;
  }
  return -1;
}

/* ---- The template's side ---- */

/* Receives what the next process is to have; the number of descriptors, or -1 where there is no more to come. */
static int receive(int socket, int descriptors[MOST_SENT]) {
  union control control;
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count;
  do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return 0;
  size_t length = header->cmsg_len - CMSG_LEN(0);
  memcpy(descriptors, CMSG_DATA(header), length);
  return (int)(length / sizeof(int));
}

static bool put(int descriptor, int place) { return descriptor >= 0 && dup2(descriptor, place) == place; }

/* A runner starts behind the gateway, and so does its template: a session is scheduled as a group, which gets a tenth of what others get. Kernels
 * without such groups leave it as it is. */
static void stand_back(void) {
  int file = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  if (write(file, "10", 2) < 0) { /* busy: it is all the same once it has started */
  }
  close(file);
}

/* Gives the process its name, its session and its descriptors, and nothing else. */
static bool settle(int descriptors[MOST_SENT], int count) {
  prctl(PR_SET_NAME, "sluice-runner", 0, 0, 0);
  if (setsid() < 0) return false;
  stand_back();
  /* First out of the way of the numbers that they will have. */
  for (int i = 0; i < count; i++) descriptors[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, FIRST_HANDED + MOST_SENT);
  if (!put(descriptors[0], 1) || !put(descriptors[0], 2)) return false;
  for (int i = 1; i < count; i++)
    if (!put(descriptors[i], FIRST_HANDED + i - 1)) return false;
  return close_range((unsigned)(FIRST_HANDED + count - 1), ~0U, 0) == 0;
}

/* Where the C library keeps this thread's id, which it would set in a child that it makes itself; NULL where a copy of this
 * process can't do without starting the program anew. */
static int *thread_id(void) {
#if defined(__x86_64__) && !defined(HAS_RUNTIME_OF_ITS_OWN)
  int *place = NULL;
  if (prctl(PR_GET_TID_ADDRESS, &place, 0, 0, 0) == 0 && place != NULL && *place == getpid()) return place;
#endif
  return NULL;
}

/* As fork, but that the child's parent is the gateway. No lock can be held by another thread, as there is none. */
static int copy_process(int *thread_id) {
  void *locks = NULL;
  size_t length = 0;
  syscall(SYS_get_robust_list, 0, &locks, &length);
  long flags = CLONE_PARENT | SIGCHLD;
  if (thread_id != NULL) flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  /* Other processors have the last two the other way round, but there they are both nothing. */
  int process = (int)syscall(SYS_clone, flags, NULL, NULL, thread_id, NULL);
  if (process == 0 && locks != NULL) syscall(SYS_set_robust_list, locks, length);
  return process < 0 ? -errno : process;
}

/* Address space that takes no memory. */
static char *reserve(size_t size) {
  void *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return place == MAP_FAILED ? NULL : place;
}

/* Leaves no room between what is mapped, so that whatever is mapped from now on comes to lie below it. False where address
 * space is limited. */
static bool fill_gaps(void) {
  const size_t all = (size_t)1 << 40;
  char *below = reserve(all);
  if (below == NULL) return false;
  for (size_t size = all / 2; size >= PAGE; size /= 2) {
    char *place;
    while ((place = reserve(size)) != NULL && place > below) continue;
    if (place != NULL) munmap(place, size);
  }
  munmap(below, all);
  return true;
}

/* What somebody learns of one runner's memory is to be worth nothing in the next, as if each had been started anew: the
 * value that guards stacks against overflows changes, and the place where a plugin, its memory and its threads' stacks come
 * to lie. */
__attribute__((no_stack_protector)) static bool set_apart(void) {
  uint64_t random[2];
  if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) return false;
  /* A gap of up to a TiB, the range in which the kernel places a new program's memory. */
  if (reserve((size_t)((random[0] >> 36) + 1) * PAGE) == NULL) return false;
#if defined(__x86_64__)
  /* By the ABI the guard is there; its first byte is 0, which ends strings. */
  uint64_t guard = random[1] << 8;
  __asm__ volatile("movq %0, %%fs:0x28" : : "r"(guard) : "memory");
#endif
  return true;
}

/* The frames below this one are never returned to: they were entered with another guard. */
__attribute__((no_stack_protector)) static _Noreturn void become_runner(bool as_copy, void (*runner)(void)) {
  if (as_copy && set_apart()) {
    runner();
  } else {
    char *const arguments[] = {(char *)"sluice-runner", (char *)PROCESS_ALONE, NULL};
    execve("/proc/self/exe", arguments, environ);
  }
  _exit(127);
}

void process_be_template(int socket, void (*runner)(void)) {
  prctl(PR_SET_NAME, "sluice-template", 0, 0, 0);
  stand_back();
  int *place = thread_id();
  bool as_copy = place != NULL && fill_gaps();
  int descriptors[MOST_SENT], count;
  while ((count = receive(socket, descriptors)) >= 0) {
    int process = count == 0 ? -EINVAL : copy_process(place);
    if (process == 0) {
      if (!settle(descriptors, count)) _exit(127);
      become_runner(as_copy, runner);
    }
    for (int i = 0; i < count; i++) close(descriptors[i]);
    if (send(socket, &process, sizeof process, MSG_NOSIGNAL) < 0) break;
  }
  _exit(0);
}

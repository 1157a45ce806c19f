#define _GNU_SOURCE
#include "shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

void shared_wait(const void *word, uint32_t expected, uint64_t end_ns, uint32_t kinds) {
  const struct timespec end = {(time_t)(end_ns / 1000000000u), (long)(end_ns % 1000000000u)};
  int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, end_ns == 0 ? NULL : &end, NULL, kinds);
  errno = saved;
}

int shared_wake(const void *word, int count, uint32_t kinds) {
  int saved = errno;
  long woken = syscall(SYS_futex, word, FUTEX_WAKE_BITSET, count < 0 ? INT_MAX : count, NULL, NULL, kinds);
  errno = saved;
  return woken < 0 ? 0 : (int)woken;
}

int shared_create(const char *name, size_t size) {
  int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return -1;
  if (ftruncate(descriptor, (off_t)size) != 0 ||
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
  }
  return descriptor;
}

bool shared_forbid_writing(int descriptor) {
  return fcntl(descriptor, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0;
}

bool shared_is_sealed(int descriptor) {
  int seals = fcntl(descriptor, F_GET_SEALS);
  return seals >= 0 && (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) == (F_SEAL_SHRINK | F_SEAL_GROW);
}

int shared_processor(void) {
  int saved = errno;
  int processor = sched_getcpu();
  errno = saved;
  return processor;
}

bool shared_keep_on(int processor) {
  if (processor < 0 || processor >= CPU_SETSIZE) return false;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
}

/* As the kernel has it; glibc 2.36 doesn't. */
struct scheduling {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

bool shared_take_turns(uint64_t nanoseconds) {
  struct scheduling own = {.size = sizeof own};
  if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) != 0) return false;
  own.runtime = nanoseconds;
  return syscall(SYS_sched_setattr, 0, &own, 0) == 0;
}

void shared_discard(void *address, size_t size) { madvise(address, size, MADV_REMOVE); }

#define _GNU_SOURCE
#include "shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

void shared_wait(const void *word, uint32_t expected, uint64_t timeout_ns, uint32_t kinds) {
  struct timespec end = {0, 0};
  int saved = errno;
  if (timeout_ns != 0) {
    /* FUTEX_WAIT_BITSET counts to a time of this clock, not from now. */
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)(timeout_ns / 1000000000u);
    end.tv_nsec += (long)(timeout_ns % 1000000000u);
    if (end.tv_nsec >= 1000000000) {
      end.tv_sec++;
      end.tv_nsec -= 1000000000;
    }
  }
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, timeout_ns == 0 ? NULL : &end, NULL, kinds);
  errno = saved;
}

void shared_wake(const void *word, int count, uint32_t kinds) {
  int saved = errno;
  syscall(SYS_futex, word, FUTEX_WAKE_BITSET, count < 0 ? INT_MAX : count, NULL, NULL, kinds);
  errno = saved;
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

void shared_discard(void *address, size_t size) { madvise(address, size, MADV_REMOVE); }

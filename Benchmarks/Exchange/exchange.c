/* The floor of a call into another process: one word to it and one back, by futexes in shared memory. Prints the median
 * of 20,000 exchanges in microseconds; between them the asking side pauses, as one connection's client does.
 *
 *     exchange [PAUSE_US] */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { EXCHANGES = 20000 };

/* Each on a cache line of its own. */
struct words {
  _Alignas(64) _Atomic uint32_t question;
  _Alignas(64) _Atomic uint32_t answer;
};

static void await(_Atomic uint32_t *word, uint32_t old) {
  while (atomic_load(word) == old) syscall(SYS_futex, word, FUTEX_WAIT, old, NULL, NULL, 0);
}

static void change(_Atomic uint32_t *word) {
  atomic_fetch_add(word, 1);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int ascending(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

int main(int count, char **arguments) {
  const useconds_t pause = count > 1 ? (useconds_t)atoi(arguments[1]) : 0;
  struct words *words = mmap(NULL, sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (words == MAP_FAILED) return 1;
  const pid_t other = fork();
  if (other < 0) return 1;
  if (other == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint32_t seen = 0;; seen++) {
      await(&words->question, seen);
      change(&words->answer);
    }
  }
  static double taken[EXCHANGES];
  for (int i = 0; i < EXCHANGES; i++) {
    const double begin = now();
    change(&words->question);
    await(&words->answer, (uint32_t)i);
    taken[i] = now() - begin;
    if (pause > 0) usleep(pause);
  }
  kill(other, SIGKILL);
  qsort(taken, EXCHANGES, sizeof *taken, ascending);
  printf("%.1f\n", taken[EXCHANGES / 2]);
  return 0;
}

#define _GNU_SOURCE
#include "runner_process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_HANDED = 3, MOST_HANDED = 16 };

int process_descriptor(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int process_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

void process_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int process_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* A copy out of the way of the numbers that the new process will have. */
static int out_of_the_way(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_HANDED + MOST_HANDED + 3); }

int process_start(const char *program, char *const *environment, int output, const int *handed, int handed_count) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int copies[MOST_HANDED + 1], copied = 0, result = 0;
  pid_t process = -1;
  if (handed_count > MOST_HANDED) {
    errno = EINVAL;
    return -1;
  }
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);

  result = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  for (int i = 0; result == 0 && i <= handed_count; i++) {
    int copy = out_of_the_way(i == 0 ? output : handed[i - 1]);
    if (copy < 0) {
      result = errno;
      break;
    }
    copies[copied++] = copy;
    if (i == 0) {
      result = posix_spawn_file_actions_adddup2(&actions, copy, 1);
      if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, copy, 2);
    } else {
      result = posix_spawn_file_actions_adddup2(&actions, copy, FIRST_HANDED + i - 1);
    }
  }
  if (result == 0) result = posix_spawn_file_actions_addclosefrom_np(&actions, FIRST_HANDED + handed_count);

  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  if (result == 0) {
    char *const arguments[] = {(char *)"sluice-runner", NULL};
    result = posix_spawn(&process, program, &actions, &attributes, arguments, environment);
  }
  for (int i = 0; i < copied; i++) close(copies[i]);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (result != 0) {
    errno = result;
    return -1;
  }
  return process;
}

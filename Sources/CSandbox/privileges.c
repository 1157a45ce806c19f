#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

bool sandbox_die_with_parent(int parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return getppid() == parent;
}

int sandbox_scheduling_group(void) { return open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC); }

void sandbox_yield_to_gateway(int niceness, int group) {
  /* Niceness is each thread's own; the process group is this process with all of its threads. */
  setpriority(PRIO_PGRP, 0, niceness);
  /* A session of its own is scheduled as a group of its own, whatever its members' niceness. */
  if (group < 0) return;
  char text[16];
  int length = snprintf(text, sizeof text, "%d", niceness);
  if (write(group, text, (size_t)length) < 0) { /* a kernel without it, or busy: the first half must do */
  }
  close(group);
}

static int limit(int resource, uint64_t value) {
  struct rlimit limits;
  if (getrlimit(resource, &limits) != 0) return errno;
  if (limits.rlim_max == RLIM_INFINITY || limits.rlim_max > value) limits.rlim_max = value;
  limits.rlim_cur = limits.rlim_max;
  return setrlimit(resource, &limits) == 0 ? 0 : errno;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SHADOW_MEMORY 1 /* terabytes of it, which count as private memory */
#endif
#endif

int sandbox_limit(uint64_t files, uint64_t data) {
#ifdef HAS_SHADOW_MEMORY
  data = 0;
#endif
  int core = limit(RLIMIT_CORE, 0);
  int open = limit(RLIMIT_NOFILE, files);
  int memory = data == 0 ? 0 : limit(RLIMIT_DATA, data);
  return core != 0 ? core : open != 0 ? open : memory;
}

int sandbox_leave_network(void) {
  if (unshare(CLONE_NEWNET) == 0) return 0;
  /* Without privileges, a user namespace gives the right to make the other one. */
  if (errno == EPERM && unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) return 0;
  return errno;
}

int sandbox_join_network(int network, int user) {
  int result = user < 0 || setns(user, CLONE_NEWUSER) == 0 ? 0 : errno;
  if (result == 0 && setns(network, CLONE_NEWNET) != 0) result = errno;
  close(network);
  if (user >= 0) close(user);
  return result;
}

int sandbox_drop_privileges(void) {
  int result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
  if (syscall(SYS_capset, &header, none) != 0 && result == 0) result = errno;
  return result;
}

/* What stub-faulty does that only a process of its own, or a sandbox around it, makes harmless. */
#ifndef STUB_FAULTY_ATTEMPTS_H
#define STUB_FAULTY_ATTEMPTS_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Takes memory and touches it until there is none, then waits to be found. */
static inline void allocate_without_end(void) {
  const size_t step = 16u << 20;
  for (size_t total = 0; total < (size_t)64 << 30; total += step) {
    char *block = malloc(step);
    if (block == NULL) break;
    memset(block, 0x5A, step);
  }
  abort();
}

/* Scribbles over what the host reads of a runner: its control words and the head of its answers, then rings. */
static inline void corrupt_ring(void) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[512];
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long long start = 0, end = 0;
    char rights[8] = "";
    if (strstr(line, "memfd:sluice-runner") == NULL) continue;
    if (sscanf(line, "%llx-%llx %7s", &start, &end, rights) != 3 || rights[1] != 'w') continue;
    unsigned char *words = (unsigned char *)(uintptr_t)start;
    memset(words, 0xA5, 64u << 10);
    /* The doorbell of the answers. */
    syscall(SYS_futex, words + 4096 + 64, FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
  }
  if (maps != NULL) fclose(maps);
}

static inline void say(char *result, size_t size, long outcome) {
  if (outcome >= 0) {
    snprintf(result, size, "done");
  } else {
    snprintf(result, size, "%s", strerrorname_np(errno));
  }
}

/* Tries one thing that a plugin has no business with, and says "done" or the name of the error. */
static inline void attempt(const char *what, char *result, size_t size) {
  const char *argument = strchr(what, ' ');
  size_t length = argument == NULL ? strlen(what) : (size_t)(argument - what);
  argument = argument == NULL ? "" : argument + 1;
#define IS(name) (length == sizeof name - 1 && memcmp(what, name, length) == 0)
  snprintf(result, size, "unknown attempt");
  if (IS("socket")) {
    int family = strcmp(argument, "unix") == 0 ? AF_UNIX : strcmp(argument, "netlink") == 0 ? AF_NETLINK : AF_INET;
    say(result, size, socket(family, SOCK_DGRAM, 0));
  } else if (IS("connect")) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    say(result, size, descriptor < 0 ? -1 : connect(descriptor, (struct sockaddr *)&address, sizeof address));
  } else if (IS("read")) {
    char byte;
    int descriptor = open(argument, O_RDONLY | O_CLOEXEC);
    say(result, size, descriptor < 0 ? -1 : read(descriptor, &byte, 1));
    if (descriptor >= 0) close(descriptor);
  } else if (IS("write")) {
    int descriptor = open(argument, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    say(result, size, descriptor < 0 ? -1 : write(descriptor, "x", 1));
    if (descriptor >= 0) close(descriptor);
  } else if (IS("environment")) {
    const char *value = getenv(argument);
    snprintf(result, size, "%s", value == NULL ? "unset" : value);
  } else if (IS("count-environment")) {
    extern char **environ;
    int count = 0;
    while (environ != NULL && environ[count] != NULL) count++;
    snprintf(result, size, "%d", count);
  } else if (IS("read-parent")) {
    char path[64], byte;
    snprintf(path, sizeof path, "/proc/%d/environ", getppid());
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    say(result, size, descriptor < 0 ? -1 : read(descriptor, &byte, 1));
    if (descriptor >= 0) close(descriptor);
  } else if (IS("signal-parent")) {
    say(result, size, kill(getppid(), 0));
  } else if (IS("trace-parent")) {
    say(result, size, ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
  } else if (IS("execute")) {
    pid_t child = fork();
    if (child == 0) {
      execl(argument, argument, (char *)NULL);
      _exit(errno == EACCES || errno == EPERM ? 77 : 78);
    }
    int status = 0;
    if (child > 0) waitpid(child, &status, 0);
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 77) {
      errno = EACCES;
      child = -1;
    }
    say(result, size, child);
  } else if (IS("outlive")) {
    say(result, size, prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
  } else if (IS("descriptors")) { /* how many beyond the three standard ones are open */
    int count = 0;
    for (int i = 3; i < 4096; i++) count += fcntl(i, F_GETFD) >= 0;
    snprintf(result, size, "%d", count);
  } else if (IS("privileges")) {
    say(result, size, syscall(SYS_unshare, 0x20000 /* CLONE_NEWNS */));
  }
#undef IS
}
#endif

/* File access by Landlock. The structures are given here as the kernel's documentation has them: distributions' headers
 * are older than their kernels. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { CREATE_RULESET_VERSION = 1u, RULE_PATH_BENEATH = 1 };

enum {
  EXECUTE = 1u << 0,
  WRITE_FILE = 1u << 1,
  READ_FILE = 1u << 2,
  READ_DIR = 1u << 3,
  REMOVE_DIR = 1u << 4,
  REMOVE_FILE = 1u << 5,
  MAKE_CHAR = 1u << 6,
  MAKE_DIR = 1u << 7,
  MAKE_REG = 1u << 8,
  MAKE_SOCK = 1u << 9,
  MAKE_FIFO = 1u << 10,
  MAKE_BLOCK = 1u << 11,
  MAKE_SYM = 1u << 12,
  REFER = 1u << 13,    /* from version 2 */
  TRUNCATE = 1u << 14, /* 3 */
  IOCTL_DEV = 1u << 15 /* 5 */
};
enum { BIND_TCP = 1u << 0, CONNECT_TCP = 1u << 1 };             /* 4 */
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1u << 0, SCOPE_SIGNAL = 1u << 1 }; /* 6 */

struct ruleset {
  uint64_t files, network, scoped;
};

struct path_beneath {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));

int sandbox_landlock_version(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
  return version < 0 ? 0 : (int)version;
}

static uint64_t known_rights(int version) {
  uint64_t rights = MAKE_SYM * 2 - 1;
  if (version >= 2) rights |= REFER;
  if (version >= 3) rights |= TRUNCATE;
  if (version >= 5) rights |= IOCTL_DEV;
  return rights;
}

static int allow(int ruleset, const char *const *paths, size_t count, uint64_t rights) {
  for (size_t i = 0; i < count; i++) {
    int descriptor = open(paths[i], O_PATH | O_CLOEXEC);
    if (descriptor < 0) continue;
    struct stat status;
    struct path_beneath rule = {rights, descriptor};
    /* A file has only the rights that make sense for one. */
    if (fstat(descriptor, &status) == 0 && !S_ISDIR(status.st_mode)) {
      rule.allowed &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
    }
    long result = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    int reason = errno;
    close(descriptor);
    if (result != 0) return reason;
  }
  return 0;
}

int sandbox_restrict_files(const char *const *readable, size_t readable_count, const char *const *writable,
                           size_t writable_count, bool network) {
  int version = sandbox_landlock_version();
  if (version == 0) return ENOSYS;
  uint64_t known = known_rights(version);
  struct ruleset attributes = {known, 0, 0};
  size_t size = sizeof attributes.files;
  if (version >= 4) {
    size = 2 * sizeof(uint64_t);
    if (!network) attributes.network = BIND_TCP | CONNECT_TCP;
  }
  if (version >= 6) {
    size = 3 * sizeof(uint64_t);
    attributes.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
  }
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
  if (ruleset < 0) return errno;
  static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random"};
  int result = allow(ruleset, readable, readable_count, (EXECUTE | READ_FILE | READ_DIR) & known);
  if (result == 0) {
    result = allow(ruleset, writable, writable_count, known & ~(uint64_t)(MAKE_CHAR | MAKE_BLOCK | EXECUTE));
  }
  if (result == 0) {
    result = allow(ruleset, devices, sizeof devices / sizeof devices[0], (READ_FILE | WRITE_FILE | IOCTL_DEV) & known);
  }
  if (result == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) result = errno;
  }
  close(ruleset);
  return result;
}

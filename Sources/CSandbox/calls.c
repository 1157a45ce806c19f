/* System calls by a seccomp filter, written as BPF here so that nothing else is needed to read or build it. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE

enum { LONGEST = 1024 };

struct program {
  struct sock_filter code[LONGEST];
  unsigned short length;
};

static void add(struct program *program, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
  program->code[program->length++] = (struct sock_filter){code, if_true, if_false, value};
}

static void load(struct program *program, size_t offset) {
  add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_number(struct program *program) { load(program, offsetof(struct seccomp_data, nr)); }

/* The lower half of an argument; what is looked at here are ints, whose upper half the kernel doesn't look at. */
static void load_argument(struct program *program, int index) {
  load(program, offsetof(struct seccomp_data, args) + (size_t)index * 8);
}

static void end(struct program *program, uint32_t action) { add(program, BPF_RET | BPF_K, action, 0, 0); }

static const uint32_t allowed = SECCOMP_RET_ALLOW;
static const uint32_t refused = SECCOMP_RET_ERRNO | EPERM;

static void when_call(struct program *program, long number, uint32_t action) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
  end(program, action);
}

static void when_calls(struct program *program, const int *numbers, size_t count, uint32_t action) {
  for (size_t i = 0; i < count; i++) when_call(program, numbers[i], action);
}

/* For one call: each of `values` of an argument has `action`, all others `otherwise`. */
static void by_argument(struct program *program, long number, int index, const uint32_t *values, size_t count,
                        uint32_t action, uint32_t otherwise) {
  /* Over the load, two instructions a value, and the last word. */
  add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (uint8_t)(2 + 2 * count));
  load_argument(program, index);
  for (size_t i = 0; i < count; i++) {
    add(program, BPF_JMP | BPF_JEQ | BPF_K, values[i], 0, 1);
    end(program, action);
  }
  end(program, otherwise);
}

/* clone() makes threads, or processes where those are allowed, but no namespaces. */
static void clone_rule(struct program *program, bool threads_only) {
  const uint32_t namespaces =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, threads_only ? 6 : 4);
  load_argument(program, 0);
  add(program, BPF_JMP | BPF_JSET | BPF_K, namespaces, 0, 1);
  end(program, refused);
  if (threads_only) {
    add(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
    end(program, refused);
  }
  end(program, allowed);
  /* Its flags are in memory, which a filter can't see: the C library takes clone() then. */
  when_call(program, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
}

static void socket_rule(struct program *program, bool local, bool network) {
  uint32_t families[4];
  size_t count = 0;
  if (local || network) families[count++] = AF_UNIX;
  if (network) {
    families[count++] = AF_INET;
    families[count++] = AF_INET6;
    families[count++] = AF_NETLINK; /* looking up names asks for the addresses that there are */
  }
  by_argument(program, SYS_socket, 0, families, count, allowed, refused);
  by_argument(program, SYS_socketpair, 0, families, local || network ? 1 : 0, allowed, refused);
}

/* Nobody may stop dying with the gateway. */
static void prctl_rule(struct program *program) {
  const uint32_t forbidden[] = {PR_SET_PDEATHSIG, PR_SET_PTRACER};
  by_argument(program, SYS_prctl, 0, forbidden, 2, refused, allowed);
}

/* Characters typed into a terminal would be commands to whoever reads it. */
static void ioctl_rule(struct program *program) {
  const uint32_t forbidden[] = {TIOCSTI, 0x541C /* TIOCLINUX */};
  by_argument(program, SYS_ioctl, 1, forbidden, 2, refused, allowed);
}

/* Never for a plugin: they change the machine, look into other processes, or are a wide door into the kernel. */
static const int forbidden_calls[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp, SYS_mount, SYS_umount2,
    SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig,
    SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_swapon, SYS_swapoff, SYS_reboot, SYS_kexec_load, SYS_kexec_file_load,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_acct,
    SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname,
    SYS_setdomainname, SYS_syslog, SYS_vhangup, SYS_nfsservctl, SYS_lookup_dcookie, SYS_open_by_handle_at,
    SYS_fanotify_init, SYS_setsid, SYS_setpgid, SYS_personality,
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs, SYS__sysctl, SYS_create_module,
#endif
};

/* What computing takes: memory, threads, time, files that are open or may be opened. The most frequent come first. */
static const int strict_calls[] = {
    SYS_futex, SYS_read, SYS_write, SYS_madvise, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_brk,
    SYS_sched_yield, SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_clock_getres,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending, SYS_sigaltstack,
    SYS_restart_syscall, SYS_exit, SYS_exit_group, SYS_set_robust_list, SYS_get_robust_list, SYS_rseq,
    SYS_set_tid_address, SYS_membarrier, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid,
    SYS_getegid, SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_getpgid, SYS_getsid, SYS_capget, SYS_getcpu,
    SYS_sched_getaffinity, SYS_sched_setaffinity, SYS_sched_getparam, SYS_sched_getscheduler, SYS_sched_setscheduler,
    SYS_sched_getattr, SYS_sched_setattr, SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_getpriority,
    SYS_setpriority, SYS_uname, SYS_sysinfo, SYS_times, SYS_getrusage, SYS_getrlimit, SYS_getrandom, SYS_mlock,
    SYS_munlock, SYS_mlock2, SYS_mincore, SYS_msync,
    SYS_mbind, SYS_get_mempolicy, SYS_set_mempolicy, SYS_memfd_create, SYS_openat, SYS_openat2, SYS_close,
    SYS_close_range, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_lseek, SYS_pread64,
    SYS_pwrite64, SYS_readv, SYS_writev, SYS_preadv, SYS_pwritev, SYS_preadv2, SYS_pwritev2, SYS_sendfile,
    SYS_copy_file_range, SYS_fadvise64, SYS_readahead, SYS_ftruncate, SYS_truncate, SYS_fallocate, SYS_fsync,
    SYS_fdatasync, SYS_sync_file_range, SYS_flock, SYS_fcntl, SYS_dup, SYS_dup3, SYS_pipe2, SYS_eventfd2,
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_pselect6, SYS_timerfd_create,
    SYS_timerfd_settime, SYS_timerfd_gettime, SYS_timer_create, SYS_timer_settime, SYS_timer_gettime, SYS_timer_delete,
    SYS_getdents64, SYS_getcwd, SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_mkdirat, SYS_unlinkat,
    SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_fchmod, SYS_fchmodat, SYS_utimensat, SYS_umask,
#ifdef SYS_open /* not on newer architectures */
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents, SYS_pipe, SYS_dup2, SYS_poll, SYS_select,
    SYS_epoll_create, SYS_epoll_wait, SYS_eventfd, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_rename, SYS_link, SYS_symlink,
    SYS_chmod, SYS_time, SYS_arch_prctl, SYS_renameat, SYS_creat,
#endif
};

int sandbox_restrict_calls(bool strict, bool network) {
  struct program program = {.length = 0};
  load(&program, offsetof(struct seccomp_data, arch));
  add(&program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
  end(&program, SECCOMP_RET_KILL_PROCESS);
  load_number(&program);
#if defined(__x86_64__)
  /* The other numbering of the same calls, which no rule below knows. */
  add(&program, BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1);
  end(&program, refused);
#endif
  if (strict) when_calls(&program, strict_calls, sizeof strict_calls / sizeof strict_calls[0], allowed);
  clone_rule(&program, strict);
  socket_rule(&program, !strict, network);
  prctl_rule(&program);
  ioctl_rule(&program);
  if (strict) {
    const uint32_t self[] = {(uint32_t)getpid()};
    by_argument(&program, SYS_kill, 0, self, 1, allowed, refused);
    by_argument(&program, SYS_tgkill, 0, self, 1, allowed, refused);
    /* Reading one's own limits is fine; setting those of others isn't. */
    const uint32_t own[] = {0, (uint32_t)getpid()};
    by_argument(&program, SYS_prlimit64, 0, own, 2, allowed, refused);
    if (network) {
      const int calls[] = {SYS_connect, SYS_bind, SYS_listen, SYS_accept4, SYS_sendto, SYS_recvfrom, SYS_sendmsg,
                           SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_shutdown, SYS_getsockname, SYS_getpeername,
                           SYS_setsockopt, SYS_getsockopt};
      when_calls(&program, calls, sizeof calls / sizeof calls[0], allowed);
    } else {
      /* The one socket that it has, to its gateway. */
      const int calls[] = {SYS_sendto, SYS_recvfrom};
      when_calls(&program, calls, sizeof calls / sizeof calls[0], allowed);
    }
    end(&program, refused);
  } else {
    when_calls(&program, forbidden_calls, sizeof forbidden_calls / sizeof forbidden_calls[0], refused);
    end(&program, allowed);
  }
  struct sock_fprog filter = {program.length, program.code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0 ? 0 : errno;
}

#else

int sandbox_restrict_calls(bool strict, bool network) {
  (void)strict;
  (void)network;
  return ENOSYS;
}

#endif

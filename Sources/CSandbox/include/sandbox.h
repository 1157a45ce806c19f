/* Locks the calling process up, for good: what is given away here can't be had back. Called in the order of this file,
 * before any thread is started. Every function returns 0, or the errno with which the kernel refused; the others are
 * worth calling all the same. */
#ifndef SLUICE_SANDBOX_H
#define SLUICE_SANDBOX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Dies when the thread that started this process ends; false where `parent` isn't the parent (any more). */
bool sandbox_die_with_parent(int parent);

/* What sandbox_yield_to_gateway needs, for later: once files are restricted it can't be opened any more. -1 is nothing. */
int sandbox_scheduling_group(void);

/* Goes behind the gateway, with all threads, where there are too few processors for both; closes `group`. */
void sandbox_yield_to_gateway(int niceness, int group);

/* No core files, at most `files` descriptors, and `data` bytes of private memory (0 = as before). */
int sandbox_limit(uint64_t files, uint64_t data);

/* A network of its own with nothing in it. */
int sandbox_leave_network(void);

/* The network of a namespace instead, by way of the user namespace that it belongs to (negative = there is none to go
 * through); closes both. */
int sandbox_join_network(int network, int user);

/* No new privileges by any program that is started, and no capability left. */
int sandbox_drop_privileges(void);

/* Which Landlock the kernel has; 0 is none. */
int sandbox_landlock_version(void);

/* From now on only what the paths below allow may be opened. Paths that don't exist are left out. With `network` false
 * no TCP either, where the kernel can refuse that; never signals to processes outside. */
int sandbox_restrict_files(const char *const *readable, size_t readable_count, const char *const *writable,
                           size_t writable_count, bool network);

/* Only system calls on the list: the short list of what computing takes, or all but those that touch the system. Calls
 * that aren't fail with EPERM. The lists are in docs/threat-model.md. */
int sandbox_restrict_calls(bool strict, bool network);

#endif

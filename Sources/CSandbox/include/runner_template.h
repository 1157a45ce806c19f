/* A template is a runner that has come as far as its first order: the program is in memory and linked. Runners are copies
 * of it, so that none has to do that again. */
#ifndef SLUICE_RUNNER_TEMPLATE_H
#define SLUICE_RUNNER_TEMPLATE_H

/* The argument of a program that is the runner itself. */
#define PROCESS_ALONE "alone"

/* Has the template at the other end of `template` make a runner: a child of this process, in a session of its own, with
 * nothing but these descriptors: 0 as the template's, 1 and 2 to `output`, and `handed` from 3 on. The process's id, or -1
 * and errno; ECONNRESET and EPIPE mean that the template is gone. */
int process_from_template(int template, int output, const int *handed, int handed_count);

/* Makes runners until the other end of `socket` is closed, each a child of this process's parent that calls `runner`,
 * which must not return. Where a copy of this process wouldn't be sound it is the program anew, with PROCESS_ALONE. To be
 * called while there is one thread. */
_Noreturn void process_be_template(int socket, void (*runner)(void));

#endif

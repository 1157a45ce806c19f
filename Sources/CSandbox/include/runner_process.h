/* Starting and watching other processes, as far as Swift can't say it. */
#ifndef SLUICE_RUNNER_PROCESS_H
#define SLUICE_RUNNER_PROCESS_H

/* A descriptor that becomes readable when the process ends; -1 and errno on failure. Close-on-exec. */
int process_descriptor(int process);

/* A pipe: what is written to ends[1] can be read from ends[0]. 0, or -1 and errno. Close-on-exec. */
int process_pipe(int ends[2]);

/* Names the calling thread for debuggers and top: at most 15 bytes. */
void process_name_thread(const char *name);

/* An eventfd, which whoever polls can be woken by; -1 and errno on failure. Close-on-exec and never blocking. */
int process_bell(void);

/* Starts `program` in a session of its own with nothing of ours but these descriptors: 0 from /dev/null, 1 and 2 to
 * `output`, and `handed` from 3 on. The process's id, or -1 and errno. */
int process_start(const char *program, char *const *environment, int output, const int *handed, int handed_count);

#endif

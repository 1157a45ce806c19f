/* How this process keeps memory. */
#ifndef SLUICE_PROCESS_MEMORY_H
#define SLUICE_PROCESS_MEMORY_H
#include <malloc.h>
#define SLUICE_PROCESS_MEMORY __attribute__((visibility("default")))

/* Gives back free memory, and those pages of program code and constants that are in memory now. They are the same as in
 * their files, so those that are needed again come back from the system's cache, without being read anew. */
SLUICE_PROCESS_MEMORY void sluice_give_back_start(void);
#endif

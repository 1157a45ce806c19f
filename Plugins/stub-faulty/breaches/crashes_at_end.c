/* Crashes when the process ends. */
#include <unistd.h>

#include "breach.h"

__attribute__((destructor)) static void at_end(void) { *(volatile int *)(uintptr_t)getpid() = 1; }

PLUGIN(good_load, good_unload, good_describe, good_infer, )

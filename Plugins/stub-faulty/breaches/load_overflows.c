/* Copies settings into a buffer that is too small. */
#include "breach.h"

LOAD {
  for (size_t i = 0; i < args->option_count; i++) {
    volatile char copy[256];
    for (size_t k = 0; args->options[i].value[k] != '\0'; k++) copy[k] = args->options[i].value[k];
    (void)copy[0];
  }
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )

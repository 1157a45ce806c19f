/* Refuses structs that are longer than it knows. */
#include "breach.h"

LOAD {
  if (args->struct_size != sizeof *args) return fail(error, SLUICE_FAILED_PRECONDITION, "unknown struct_size");
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )

/* Offers every extension that it is asked for. */
#include "breach.h"

static const void *extension(const char *id) {
  static const sluice_state none;
  return strcmp(id, SLUICE_EXT_STATE) == 0 ? NULL : &none;
}

PLUGIN(good_load, good_unload, good_describe, good_infer, .extension = extension)

/* Restores whatever it is given. */
#include "breach.h"

static sluice_status save(sluice_model *model, int64_t (*write)(void *, const void *, size_t), void *context) {
  const int64_t length = 8;
  (void)model;
  return write(context, &length, sizeof length) == sizeof length ? SLUICE_OK : SLUICE_DATA_LOSS;
}

static sluice_status restore(sluice_model *model, int64_t (*read)(void *, void *, size_t), void *context) {
  char bytes[64];
  (void)model;
  while (read(context, bytes, sizeof bytes) > 0) continue;
  return SLUICE_OK;
}

static const void *extension(const char *id) {
  static const sluice_state state = {save, restore};
  return strcmp(id, SLUICE_EXT_STATE) == 0 ? &state : NULL;
}

PLUGIN(good_load, good_unload, good_describe, good_infer, .extension = extension)

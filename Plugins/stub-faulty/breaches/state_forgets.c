/* Saves more than it restores. */
#include "breach.h"

static sluice_status save(sluice_model *model, int64_t (*write)(void *, const void *, size_t), void *context) {
  const char text[9] = {'s', 't', 'a', 't', 'e', (char)(model->more != NULL), 0, 0, 0};
  return write(context, text, sizeof text) == sizeof text ? SLUICE_OK : SLUICE_DATA_LOSS;
}

static sluice_status restore(sluice_model *model, int64_t (*read)(void *, void *, size_t), void *context) {
  char text[9];
  for (size_t done = 0; done < sizeof text;) {
    int64_t count = read(context, text + done, sizeof text - done);
    if (count <= 0) return SLUICE_DATA_LOSS;
    done += (size_t)count;
  }
  model->more = text[5] == 0 ? model : NULL;
  return SLUICE_OK;
}

static const void *extension(const char *id) {
  static const sluice_state state = {save, restore};
  return strcmp(id, SLUICE_EXT_STATE) == 0 ? &state : NULL;
}

PLUGIN(good_load, good_unload, good_describe, good_infer, .extension = extension)

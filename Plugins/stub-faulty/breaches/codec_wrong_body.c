/* Encodes into an output that is not called body. */
#include "breach.h"

static sluice_status encode(sluice_model *model, const sluice_request *const *requests, size_t count, sluice_error *error) {
  (void)model, (void)count, (void)error;
  int64_t offsets[2] = {0, 4};
  char bytes[4] = {'b', 'o', 'd', 'y'};
  sluice_tensor output = {.data = bytes, .device_type = SLUICE_CPU, .dtype = {SLUICE_BYTES, 8, 1}, .name = "text",
                          .byte_size = 4, .offsets = offsets};
  send(requests[0], &output, 1, SLUICE_FINAL);
  return SLUICE_OK;
}

static const char *const types[] = {"application/x-breach", NULL};

PLUGIN(good_load, good_unload, good_describe, NULL, .encode = encode, .content_types = types)

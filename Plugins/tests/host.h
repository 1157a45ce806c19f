/* host.h - a small host that loads a plugin and checks that it keeps the contract.
 *
 * It keeps a copy of every answer, so that a test can look at it after the plugin has let go of its memory. Whatever a
 * plugin does against the contract (a second FINAL, an answer after it) is counted and not tolerated silently. */
#ifndef TEST_HOST_H
#define TEST_HOST_H
#include <stdbool.h>

#include "sluice_plugin.h"

typedef struct {
  char name[128];
  sluice_dtype dtype;
  int32_t ndim;
  int64_t shape[16];
  unsigned char *data;
  uint64_t byte_size;
  int64_t *offsets; /* BYTES only */
} test_tensor;

/* A request with room for its answers. Made by new_request(), freed by free_request(). */
typedef struct test_request test_request;

typedef struct {
  const sluice_plugin *plugin;
  sluice_model *model;
  const sluice_model_info *info;
} test_model;

/* Loads FILE and one model; `options` alternates keys and values and ends with NULL. On failure `model` is NULL and
 * `error` says why. The host's log is kept quiet. */
test_model load_model(const char *file, const char *folder, const char *const *options, sluice_error *error);
void unload_model(test_model *model);

test_request *new_request(void);
void free_request(test_request *);
/* Copies the tensor into memory of exactly its size, so that ASan sees a read past it. */
void add_input(test_request *, const char *name, sluice_dtype dtype, int32_t ndim, const int64_t *shape,
               const void *data, uint64_t byte_size, const int64_t *offsets);
void add_param(test_request *, const char *key, const char *value);
void want_output(test_request *, const char *name);
/* For learn(): a label, the sample's weight and the request that is corrected (or NULL). Copied as an input is. */
void add_label(test_request *, const char *name, sluice_dtype dtype, int32_t ndim, const int64_t *shape,
               const void *data, uint64_t byte_size, double weight, const char *subject);
void cancel(test_request *);
void set_deadline(test_request *, uint64_t ns_from_now);

/* Calls infer() with one request. A status that is not OK is also what the request has failed with. */
sluice_status infer(test_model *, test_request *, sluice_error *);
sluice_status learn(test_model *, test_request *, sluice_error *);
/* Calls decode() of a codec with a body that was sent as `type`; "" for none. */
sluice_status decode(test_model *, test_request *, const void *body, uint64_t size, const char *type, sluice_error *);
sluice_status infer_list(test_model *, test_request *const *, size_t count, sluice_error *);
/* Waits up to `ms` for FINAL; false when it has not come. */
bool wait_final(test_request *, int ms);

size_t parts_of(test_request *);        /* answers before FINAL */
size_t finals_of(test_request *);       /* must be 1 */
sluice_status status_of(test_request *); /* of the FINAL answer */
const char *message_of(test_request *);
const test_tensor *output_of(test_request *, const char *name); /* of the last answer that had outputs; or NULL */
const char *answer_param(test_request *, const char *key);      /* of the last answer; or NULL */
size_t host_copies(test_request *);                             /* outputs that the host had to copy */

double metric_value(const char *name);
size_t log_count(void);
const char *last_log(void); /* the last line that a plugin logged; of one thread at a time */
#endif

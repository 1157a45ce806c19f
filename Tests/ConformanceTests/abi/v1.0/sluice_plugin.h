/* sluice_plugin.h - the complete contract between the gateway and a plugin.
 *
 * SHAPE      A plugin is one shared library that exports ONE symbol, sluice_plugin_v1. It links against nothing of
 *            ours: every host service arrives as a table of functions (sluice_host).
 * GROWTH     A struct marked [grows] starts with struct_size, set by whoever fills it in to the size it was compiled
 *            with. Readers must not look past struct_size; missing fields read as zero, and zero always means
 *            "absent / default". New fields go at the end. [grows] structs are passed by pointer only; lists of them
 *            are lists of pointers. A struct marked [frozen] never changes; lists of it are plain arrays.
 *            A released field, function or meaning never changes. A breaking change is sluice_plugin_v2.
 * OWNERSHIP  Pointers passed INTO a call are borrowed until that call returns, unless the field says otherwise. Input
 *            tensors are read-only. Nobody frees what they did not allocate.
 * THREADS    [load]  one host thread at a time per plugin; may block.
 *            [work]  host worker threads, at most sluice_model_info.max_concurrency at once per model; may block,
 *                    unless the model is SLUICE_MODEL_QUICK: then any number of event-loop threads, and must not block.
 *            [any]   callable from any thread, concurrently, including threads the plugin made.
 * FAILURE    No exception, panic or longjmp may leave a plugin function. A plugin must not call exit, install signal
 *            handlers, change locale, working directory or environment, or write to stdout.
 * ISOLATION  The same file may run inside the gateway or in a runner process with tensors in shared memory. Obeying
 *            the rules above is all that takes; do not assume where you run.
 * UNITS      Time is nanoseconds of CLOCK_MONOTONIC. Sizes are bytes. Text is UTF-8, NUL-terminated.
 */
#ifndef SLUICE_PLUGIN_H
#define SLUICE_PLUGIN_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_ABI_MINOR 0u /* additions within v1; the major version is in the symbol name */
#define SLUICE_EXPORT __attribute__((visibility("default")))

/* ---- Status and error -------------------------------------------------------------------------------------------- */

typedef int32_t sluice_status; /* the numbers of gRPC's status codes; an unknown code reads as SLUICE_UNKNOWN */
enum {
  SLUICE_OK = 0,
  SLUICE_CANCELLED = 1,
  SLUICE_UNKNOWN = 2,
  SLUICE_INVALID_ARGUMENT = 3,
  SLUICE_DEADLINE_EXCEEDED = 4,
  SLUICE_NOT_FOUND = 5,
  SLUICE_RESOURCE_EXHAUSTED = 8,
  SLUICE_FAILED_PRECONDITION = 9,
  SLUICE_OUT_OF_RANGE = 11,
  SLUICE_UNIMPLEMENTED = 12,
  SLUICE_INTERNAL = 13,
  SLUICE_UNAVAILABLE = 14,
  SLUICE_DATA_LOSS = 15
};

typedef struct sluice_error { /* [frozen] caller's memory, zeroed by the caller; nothing to free */
  sluice_status code;
  char message[508]; /* truncate to fit; must not contain secrets or input data */
} sluice_error;

/* ---- Tensor ------------------------------------------------------------------------------------------------------ */

typedef struct sluice_dtype { /* [frozen] = DLDataType */
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} sluice_dtype;
enum { /* DLPack's codes */
  SLUICE_INT = 0,
  SLUICE_UINT = 1,
  SLUICE_FLOAT = 2,
  SLUICE_BFLOAT = 4,
  SLUICE_COMPLEX = 5,
  SLUICE_BOOL = 6,
  SLUICE_BYTES = 200 /* ours: variable-length elements; bits = 8, lanes = 1 */
};
enum { SLUICE_CPU = 1, SLUICE_CUDA = 2 }; /* = DLDeviceType */

/* [frozen] The first 48 bytes are exactly a DLTensor: (DLTensor *)t is valid for every dtype but BYTES.
 * BYTES: n = product(shape) elements; offsets has n + 1 ascending entries; element i is the bytes
 * data[offsets[i] .. offsets[i+1]) (Arrow's large_binary without a null bitmap). Not NUL-terminated. */
typedef struct sluice_tensor {
  void *data; /* NULL only if byte_size is 0; host memory is 64-byte aligned */
  int32_t device_type;
  int32_t device_id;
  int32_t ndim;       /* 0 = scalar */
  sluice_dtype dtype; /* native endianness */
  int64_t *shape;
  int64_t *strides;     /* in elements; NULL = compact row-major. Hosts always send NULL. */
  uint64_t byte_offset; /* Hosts always send 0. */
  const char *name;
  uint64_t byte_size;     /* bytes readable at data + byte_offset */
  const int64_t *offsets; /* BYTES only, else NULL */
  void (*release)(struct sluice_tensor *self); /* [any] see sluice_response; frees owner, sets itself NULL */
  void *owner;                                 /* private to whoever set release */
  uint64_t reserved;                           /* 0 */
} sluice_tensor;

typedef struct sluice_kv { /* [frozen] numbers and true/false as text */
  const char *key;
  const char *value;
} sluice_kv;

/* ---- What the host sends ----------------------------------------------------------------------------------------- */

typedef struct sluice_host sluice_host;
typedef struct sluice_model sluice_model; /* opaque: the plugin's own state for one loaded model */

typedef struct sluice_load_args { /* [grows] */
  size_t struct_size;
  const char *model, *version; /* names from gateway.yaml */
  const char *path;            /* absolute folder that relative paths in the config start from; read-only */
  const char *config_json;     /* the model's `config:` block as one JSON object; never NULL */
  const sluice_kv *options;    /* the same block, every scalar leaf as "dotted.path" = text; lists as "path.0" ... */
  size_t option_count;
} sluice_load_args;

enum { SLUICE_SEQUENCE_START = 1u, SLUICE_SEQUENCE_END = 2u };

/* [grows] One canonical envelope. Valid - with its tensors - until respond() with SLUICE_FINAL returns. */
typedef struct sluice_request {
  size_t struct_size;
  const sluice_host *host; /* for respond(), is_cancelled(), new_output() */
  const char *id;          /* unique; the trace key */
  uint64_t deadline_ns;    /* 0 = none */
  const sluice_tensor *inputs;
  size_t input_count;
  const sluice_kv *params; /* incl. "traceparent", "content-type" for codecs */
  size_t param_count;
  const char *const *wanted; /* output names asked for */
  size_t wanted_count;       /* 0 = all */
  const sluice_tensor *labels; /* learn() only */
  size_t label_count;
  const char *subject_id;  /* learn() only: id of the answered request that is corrected, or NULL */
  double weight;           /* learn() only: sample weight, 1.0 by default */
  const char *sequence_id; /* requests of one sequence share it and come in order; NULL = not part of one */
  uint32_t sequence_flags; /* SLUICE_SEQUENCE_* */
  uint32_t priority;       /* 1 = most urgent; 0 = the model's default */
} sluice_request;

/* ---- What the plugin sends back ---------------------------------------------------------------------------------- */

enum { SLUICE_FINAL = 1u }; /* exactly one response per request carries it; after it, forget the request */

/* [grows] Each output tensor is in one of three states:
 *   release == NULL, own memory     borrowed: the host copies it before respond() returns;
 *   filled in by new_output()       host memory: taken by respond(), never copied;
 *   release != NULL                 plugin memory: the host calls release exactly once, when done with it
 *                                   (zero-copy in process, one copy when isolated), even if respond() returns an
 *                                   error. */
typedef struct sluice_response {
  size_t struct_size;
  sluice_tensor *outputs;
  size_t output_count;
  uint32_t flags;            /* SLUICE_FINAL or 0 (= one part of a stream) */
  const sluice_error *error; /* NULL or code SLUICE_OK = success; an error needs SLUICE_FINAL */
  const sluice_kv *params;   /* e.g. "revision", "finish_reason" */
  size_t param_count;
} sluice_response;

typedef struct sluice_tensor_spec { /* [frozen] */
  const char *name;
  sluice_dtype dtype;
  int32_t ndim;         /* -1 = any rank */
  const int64_t *shape; /* -1 = any size; the batch dimension is left out unless SLUICE_BATCH_NONE */
  const char *summary;  /* one line for humans; may be NULL */
  uint64_t reserved[3]; /* 0 */
} sluice_tensor_spec;

enum {
  SLUICE_BATCH_NONE = 0,   /* infer() always gets one request */
  SLUICE_BATCH_CONCAT = 1, /* the host joins requests along axis 0 into one, and splits the answer */
  SLUICE_BATCH_LIST = 2    /* infer() gets a list and answers each request itself */
};
enum {
  SLUICE_MODEL_STREAMS = 1u,         /* may answer in several parts */
  SLUICE_MODEL_LEARN_EXCLUSIVE = 2u, /* no infer() while learn() runs */
  SLUICE_MODEL_QUICK = 4u,           /* infer() takes microseconds, never blocks and answers before it returns, on any
                                        number of threads at once: the host may call it on an event loop */
  SLUICE_MODEL_SEQUENCES = 8u,       /* keeps state per sequence_id */
  SLUICE_MODEL_NO_RETRY = 16u,       /* infer() has effects: never call it twice for one request */
  SLUICE_MODEL_DETERMINISTIC = 32u   /* equal inputs and params give equal outputs: answers may be cached */
};

typedef struct sluice_model_info { /* [grows] owned by the plugin, constant until unload() */
  size_t struct_size;
  const sluice_tensor_spec *inputs;
  size_t input_count;
  const sluice_tensor_spec *outputs;
  size_t output_count;
  int32_t batching;        /* SLUICE_BATCH_* */
  int32_t max_batch_rows;  /* 0 = no limit */
  int32_t max_concurrency; /* simultaneous [work] calls; 0 means 1 */
  uint32_t flags;          /* SLUICE_MODEL_* */
  uint64_t memory_bytes;   /* resident estimate; 0 = unknown */
  const char *platform;    /* what runs it, e.g. "onnxruntime_onnx"; NULL = the plugin's id */
  const sluice_kv *metadata; /* facts for humans and clients: "author", "labels", ... */
  size_t metadata_count;
} sluice_model_info;

/* ---- Host services [grows]; every function is [any] and fast unless noted ---------------------------------------- */

enum { SLUICE_LOG_DEBUG = 0, SLUICE_LOG_INFO = 1, SLUICE_LOG_WARN = 2, SLUICE_LOG_ERROR = 3 };
enum { SLUICE_COUNTER = 0, SLUICE_GAUGE = 1, SLUICE_HISTOGRAM = 2 };

struct sluice_host {
  size_t struct_size;
  uint32_t abi_minor;
  uint32_t log_level; /* messages below it are dropped: skip formatting them */
  const char *name, *version;
  void *context; /* host private */
  void (*log)(const sluice_host *, int32_t level, const char *message);
  uint64_t (*now_ns)(const sluice_host *);
  void *(*alloc)(const sluice_host *, size_t size, size_t alignment); /* NULL when out of memory */
  void (*free)(const sluice_host *, void *);                          /* only for alloc() memory */
  uint32_t (*metric)(const sluice_host *, int32_t kind, const char *name, const char *help); /* 0 = refused */
  void (*observe)(const sluice_host *, uint32_t metric, double value);
  int32_t (*is_cancelled)(const sluice_request *); /* 1 = stop soon; an atomic load. Still respond. */
  /* In: name, dtype, ndim, shape, byte_size (BYTES: the sum of all elements' bytes). Out: writable data (in shared
   * memory when isolated); for BYTES also offsets (cast away const and fill). Dropped unless passed to respond(). */
  sluice_status (*new_output)(const sluice_request *, sluice_tensor *tensor);
  /* May block for flow control, at most until the deadline: hold no lock infer() needs. Anything but SLUICE_OK = the
   * caller is gone or the request is already finished: stop. */
  sluice_status (*respond)(const sluice_request *, const sluice_response *);
  const void *(*extension)(const sluice_host *, const char *id); /* NULL = not offered */
};

/* ---- The plugin [grows]; static, constant for the life of the process -------------------------------------------- */

/* [work] SLUICE_OK = every request has been or will be answered (now or later, from any thread).
 * Any other status = no request was or will be answered; the host fails them all with it.
 * `requests` (the list) is borrowed for the call; each request lives until its SLUICE_FINAL. */
typedef sluice_status (*sluice_batch_fn)(sluice_model *, const sluice_request *const *requests, size_t count,
                                         sluice_error *);

typedef struct sluice_plugin {
  size_t struct_size;   /* sizeof(sluice_plugin)  \                                                     */
  uint32_t abi_minor;   /* SLUICE_ABI_MINOR        > write SLUICE_PLUGIN_HEAD                                  */
  uint32_t tensor_size; /* sizeof(sluice_tensor)  / catches a wrong hand-written binding at load        */
  const char *id, *version, *summary; /* "org.example.iris", "1.2.0", one line */
  const char *const *content_types;   /* codecs: NULL-terminated media types; else NULL */
  sluice_status (*load)(const sluice_host *, const sluice_load_args *, sluice_model **out,
                        sluice_error *);                /* [load] required */
  void (*unload)(sluice_model *);                       /* [load] required; nothing in flight, every output released;
                                                           join own threads */
  const sluice_model_info *(*describe)(sluice_model *); /* [load] required, after load() */
  sluice_batch_fn infer;                    /* backend: tensors -> tensors */
  sluice_batch_fn learn;                    /* backend, optional: inputs + labels -> updated model; never two at once */
  sluice_batch_fn decode;                   /* codec: one BYTES scalar named "body" -> tensors */
  sluice_batch_fn encode;                   /* codec: tensors -> BYTES scalars named "body", one per stream part */
  const void *(*extension)(const char *id); /* [any] optional; "sluice.state/1", "com.vendor.thing/2" */
  sluice_status (*warmup)(sluice_model *, sluice_error *); /* [load] optional, after describe(), before any infer() */
} sluice_plugin;
#define SLUICE_PLUGIN_HEAD sizeof(sluice_plugin), SLUICE_ABI_MINOR, (uint32_t)sizeof(sluice_tensor)

/* [load] The one exported symbol, called once per process before anything else. Keep it trivial. NULL = refuse to run
 * here (say why in error). The library is never unloaded. `host` outlives the plugin. */
SLUICE_EXPORT const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error);
typedef const sluice_plugin *(*sluice_plugin_entry)(const sluice_host *host, sluice_error *error);

/* ---- Extension "sluice.state/1": survive restarts; needed by isolated learners ----------------------------------- */

#define SLUICE_EXT_STATE "sluice.state/1"
typedef struct sluice_state { /* [frozen] write/read return bytes moved, 0 = end, < 0 = failed */
  sluice_status (*save)(sluice_model *, int64_t (*write)(void *ctx, const void *, size_t), void *ctx); /* [work] */
  sluice_status (*restore)(sluice_model *, int64_t (*read)(void *ctx, void *, size_t), void *ctx);     /* [load] */
} sluice_state;

#ifdef __cplusplus
}
#endif
#endif

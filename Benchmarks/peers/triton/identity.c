/* An identity backend for Triton, so that what is measured is the server and not Python.
 *
 * The package on PyPI has no header, so the functions that are needed are declared here: their names, arguments and
 * numbers are Triton's published backend interface (TRITONBACKEND API 1). */
#include <stdint.h>
#include <string.h>

typedef struct TRITONSERVER_Error TRITONSERVER_Error;
typedef struct TRITONBACKEND_ModelInstance TRITONBACKEND_ModelInstance;
typedef struct TRITONBACKEND_Request TRITONBACKEND_Request;
typedef struct TRITONBACKEND_Response TRITONBACKEND_Response;
typedef struct TRITONBACKEND_Input TRITONBACKEND_Input;
typedef struct TRITONBACKEND_Output TRITONBACKEND_Output;
enum { ON_CPU = 0, FINAL_RESPONSE = 1, RELEASE_ALL = 1 };

TRITONSERVER_Error *TRITONBACKEND_RequestInputByIndex(TRITONBACKEND_Request *, uint32_t index, TRITONBACKEND_Input **);
TRITONSERVER_Error *TRITONBACKEND_InputProperties(TRITONBACKEND_Input *, const char **name, int *datatype,
                                                  const int64_t **shape, uint32_t *rank, uint64_t *byte_size,
                                                  uint32_t *buffer_count);
TRITONSERVER_Error *TRITONBACKEND_InputBuffer(TRITONBACKEND_Input *, uint32_t index, const void **buffer,
                                              uint64_t *byte_size, int *memory_type, int64_t *memory_id);
TRITONSERVER_Error *TRITONBACKEND_ResponseNew(TRITONBACKEND_Response **, TRITONBACKEND_Request *);
TRITONSERVER_Error *TRITONBACKEND_ResponseOutput(TRITONBACKEND_Response *, TRITONBACKEND_Output **, const char *name,
                                                 int datatype, const int64_t *shape, uint32_t rank);
TRITONSERVER_Error *TRITONBACKEND_OutputBuffer(TRITONBACKEND_Output *, void **buffer, uint64_t byte_size,
                                               int *memory_type, int64_t *memory_id);
TRITONSERVER_Error *TRITONBACKEND_ResponseSend(TRITONBACKEND_Response *, uint32_t flags, TRITONSERVER_Error *);
TRITONSERVER_Error *TRITONBACKEND_RequestRelease(TRITONBACKEND_Request *, uint32_t flags);

#define CHECK(call)                           \
  do {                                        \
    TRITONSERVER_Error *error = (call);       \
    if (error != NULL) return error;          \
  } while (0)

static TRITONSERVER_Error *copy(TRITONBACKEND_Request *request, TRITONBACKEND_Response *response) {
  TRITONBACKEND_Input *input;
  CHECK(TRITONBACKEND_RequestInputByIndex(request, 0, &input));
  const int64_t *shape;
  uint64_t byte_size;
  uint32_t rank, buffers;
  int datatype;
  CHECK(TRITONBACKEND_InputProperties(input, NULL, &datatype, &shape, &rank, &byte_size, &buffers));

  TRITONBACKEND_Output *output;
  CHECK(TRITONBACKEND_ResponseOutput(response, &output, "OUTPUT0", datatype, shape, rank));
  void *target;
  int memory = ON_CPU;
  int64_t memory_id = 0;
  CHECK(TRITONBACKEND_OutputBuffer(output, &target, byte_size, &memory, &memory_id));

  char *next = target;
  for (uint32_t i = 0; i < buffers; i++) {
    const void *source;
    uint64_t size;
    memory = ON_CPU;
    CHECK(TRITONBACKEND_InputBuffer(input, i, &source, &size, &memory, &memory_id));
    memcpy(next, source, size);
    next += size;
  }
  return NULL;
}

__attribute__((visibility("default"))) TRITONSERVER_Error *TRITONBACKEND_ModelInstanceExecute(
    TRITONBACKEND_ModelInstance *instance, TRITONBACKEND_Request **requests, uint32_t count) {
  (void)instance;
  for (uint32_t i = 0; i < count; i++) {
    TRITONBACKEND_Response *response;
    CHECK(TRITONBACKEND_ResponseNew(&response, requests[i]));
    CHECK(TRITONBACKEND_ResponseSend(response, FINAL_RESPONSE, copy(requests[i], response)));
    CHECK(TRITONBACKEND_RequestRelease(requests[i], RELEASE_ALL));
  }
  return NULL;
}

// api.h - the part of TensorFlow's C API that is used here, from its library.
#ifndef SLUICE_TENSORFLOW_API_H
#define SLUICE_TENSORFLOW_API_H
#include <cstddef>
#include <cstdint>

#include "library.h"

namespace tf {

// TensorFlow's objects; all of them are its own.
struct Status;
struct Options;
struct Graph;
struct Session;
struct Operation;
struct Tensor;

struct Buffer {
  const void *data;
  size_t size;
  void (*release)(void *data, size_t size);
};

struct Place {
  Operation *operation;
  int index;
};

struct Api {
  const char *(*version)();
  Status *(*status)();
  void (*delete_status)(Status *);
  int (*code)(const Status *);  // gRPC's numbers
  const char *(*message)(const Status *);
  Options *(*options)();
  void (*set_config)(Options *, const void *config, size_t size, Status *);
  void (*delete_options)(Options *);
  Graph *(*graph)();
  void (*delete_graph)(Graph *);
  Operation *(*operation)(Graph *, const char *name);
  Buffer *(*buffer)();
  void (*delete_buffer)(Buffer *);
  Session *(*load)(const Options *, const Buffer *run_options, const char *folder, const char *const *tags, int count,
                   Graph *, Buffer *description, Status *);
  void (*close)(Session *, Status *);
  void (*delete_session)(Session *, Status *);
  void (*run)(Session *, const Buffer *options, const Place *inputs, Tensor *const *values, int input_count,
              const Place *outputs, Tensor **results, int output_count, const Operation *const *targets,
              int target_count, Buffer *metadata, Status *);
  Tensor *(*allocate)(int type, const int64_t *shape, int rank, size_t size);
  void (*delete_tensor)(Tensor *);
  int (*type)(const Tensor *);
  int (*rank)(const Tensor *);
  int64_t (*size)(const Tensor *, int axis);
  size_t (*byte_size)(const Tensor *);
  void *(*data)(const Tensor *);
};

// Opens the library on the first call. Throws a sluice::Failure.
const Api &open_api(const sluice_load_args *args);

// Between TensorFlow's types and those of the ABI; 0, or false, where one side has no counterpart.
int type_of(sluice_dtype dtype);
bool dtype_of(int type, sluice_dtype &dtype);

}  // namespace tf

#endif

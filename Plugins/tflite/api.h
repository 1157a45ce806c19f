// api.h - the part of TensorFlow Lite's C API that is used here, from its library.
#ifndef SLUICE_TFLITE_API_H
#define SLUICE_TFLITE_API_H
#include <cstdarg>
#include <cstdint>

#include "library.h"

namespace tflite {

// TensorFlow Lite's objects; all of them are its own.
struct Model;
struct Options;
struct Interpreter;
struct Signature;
struct Tensor;

constexpr int32_t ok = 0;  // a TfLiteStatus

struct Quantization {
  float scale;  // 0: the tensor isn't quantised, or not by one scale
  int32_t zero_point;
};

struct Api {
  const char *(*version)();
  Model *(*open)(const char *file, void (*report)(void *context, const char *format, va_list), void *context);
  void (*close)(Model *);
  Options *(*options)();
  void (*set_threads)(Options *, int32_t count);
  void (*set_reporter)(Options *, void (*report)(void *context, const char *format, va_list), void *context);
  void (*delete_options)(Options *);
  Interpreter *(*create)(const Model *, const Options *);
  void (*destroy)(Interpreter *);
  int32_t (*input_count)(const Interpreter *);
  Tensor *(*input)(const Interpreter *, int32_t index);
  int32_t (*resize)(Interpreter *, int32_t index, const int *shape, int32_t rank);
  int32_t (*allocate)(Interpreter *);
  int32_t (*invoke)(Interpreter *);
  int32_t (*output_count)(const Interpreter *);
  const Tensor *(*output)(const Interpreter *, int32_t index);
  int32_t (*signature_count)(const Interpreter *);
  const char *(*signature_key)(const Interpreter *, int32_t index);
  Signature *(*signature)(const Interpreter *, const char *key);
  void (*close_signature)(Signature *);
  size_t (*signature_input_count)(const Signature *);
  const char *(*signature_input_name)(const Signature *, int32_t index);
  const Tensor *(*signature_input)(Signature *, const char *name);
  size_t (*signature_output_count)(const Signature *);
  const char *(*signature_output_name)(const Signature *, int32_t index);
  const Tensor *(*signature_output)(const Signature *, const char *name);
  const char *(*name)(const Tensor *);
  int32_t (*type)(const Tensor *);
  int32_t (*rank)(const Tensor *);
  int32_t (*size)(const Tensor *, int32_t axis);
  size_t (*byte_size)(const Tensor *);
  void *(*data)(const Tensor *);
  Quantization (*quantization)(const Tensor *);
  // Sizes as the file declares them, -1 for any; a tensor without such sizes has a rank of -1.
  int32_t (*declared_rank)(const Tensor *, int32_t *rank);
  int32_t (*declared_size)(const Tensor *, int32_t axis, int32_t *size);
};

// Opens the library on the first call. Throws a sluice::Failure.
const Api &open_api(const sluice_load_args *args);

// The data type of a TfLiteType; false where the Open Inference Protocol has none, or it isn't taken.
bool dtype_of(int32_t type, sluice_dtype &dtype);

}  // namespace tflite

#endif

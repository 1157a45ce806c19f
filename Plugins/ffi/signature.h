// signature.h - a C function as the configuration writes it: `(f32 in[n,4], i64 n, f32 out[n]) -> i32`.
#ifndef SLUICE_FFI_SIGNATURE_H
#define SLUICE_FFI_SIGNATURE_H
#include <ffi.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "sluice_plugin.h"

namespace ffi {

// What is wrong with a signature, and where.
struct SignatureError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A number's type, for libffi and for tensors.
struct Type {
  const char *name; // as signatures write it
  ffi_type *form;
  sluice_dtype dtype;
  size_t size;
};

// One extent of an array: a fixed number, or a name that stands for the same number everywhere.
struct Extent {
  std::string name; // empty where it is fixed
  int64_t size = -1;
};

struct Parameter {
  enum class Role {
    input,    // an array that the request brings
    output,   // an array that the function fills
    extent,   // a number: an extent's name, passed by value
    constant, // a number from `values:`
    scalar    // a number that the request brings
  };
  Role role;
  const Type *type;
  std::string name;
  std::vector<Extent> shape; // arrays only
};

struct Signature {
  std::vector<Parameter> parameters;
  const Type *result = nullptr; // none: void
  std::string result_name;      // empty: an i32 that is 0 when all went well

  // Reads and checks `text`; `values` are the numbers that the configuration fixes. Throws SignatureError.
  Signature(const std::string &text, const std::map<std::string, std::string> &values);
};

}  // namespace ffi
#endif

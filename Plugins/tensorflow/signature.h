// signature.h - what a SavedModel says of its signatures, in the MetaGraphDef that TensorFlow gives when it is loaded.
#ifndef SLUICE_TENSORFLOW_SIGNATURE_H
#define SLUICE_TENSORFLOW_SIGNATURE_H
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tf {

struct TensorInfo {
  std::string tensor;          // "serving_default_input:0"
  int type = 0;                // TensorFlow's DataType
  bool any_rank = false;
  std::vector<int64_t> shape;  // -1 = any size
};

struct Signature {
  std::map<std::string, TensorInfo> inputs, outputs;
};

// All signatures by name; empty where the bytes are no MetaGraphDef.
std::map<std::string, Signature> signatures_of(const void *data, size_t size);

}  // namespace tf

#endif

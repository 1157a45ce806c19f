// types.h - ONNX's data types and those of the ABI.
#ifndef SLUICE_ONNXRUNTIME_TYPES_H
#define SLUICE_ONNXRUNTIME_TYPES_H
#include "runtime.h"

namespace sluice_ort {

struct ElementType {
  ONNXTensorElementDataType onnx;
  sluice_dtype dtype;
};

// The types that both sides have. ONNX's complex and 8-bit float types have no counterpart in the Open Inference
// Protocol, and ONNX Runtime has next to no operators for them.
inline constexpr ElementType element_types[] = {
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, {SLUICE_FLOAT, 32, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, {SLUICE_UINT, 8, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, {SLUICE_INT, 8, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, {SLUICE_UINT, 16, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, {SLUICE_INT, 16, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, {SLUICE_INT, 32, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, {SLUICE_INT, 64, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, {SLUICE_BYTES, 8, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, {SLUICE_BOOL, 8, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, {SLUICE_FLOAT, 16, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, {SLUICE_FLOAT, 64, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, {SLUICE_UINT, 32, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, {SLUICE_UINT, 64, 1}},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, {SLUICE_BFLOAT, 16, 1}},
};

// Null when the type has no counterpart.
inline const ElementType *element_type_of(ONNXTensorElementDataType onnx) {
  for (const ElementType &type : element_types) {
    if (type.onnx == onnx) return &type;
  }
  return nullptr;
}

inline const ElementType *element_type_of(sluice_dtype dtype) {
  for (const ElementType &type : element_types) {
    if (type.dtype.code == dtype.code && type.dtype.bits == dtype.bits && type.dtype.lanes == dtype.lanes) return &type;
  }
  return nullptr;
}

}  // namespace sluice_ort

#endif

#include "api.h"

#include "answer.h"

namespace tf {
namespace {

sluice::Library library({"TensorFlow", "libtensorflow_cc.so.2", "SLUICE_TENSORFLOW", "TF_LoadSessionFromSavedModel",
                         "make frameworks", "pip install tensorflow-cpu"});

Api find_api() {
  Api api = {};
  library.find("TF_Version", api.version);
  library.find("TF_NewStatus", api.status);
  library.find("TF_DeleteStatus", api.delete_status);
  library.find("TF_GetCode", api.code);
  library.find("TF_Message", api.message);
  library.find("TF_NewSessionOptions", api.options);
  library.find("TF_SetConfig", api.set_config);
  library.find("TF_DeleteSessionOptions", api.delete_options);
  library.find("TF_NewGraph", api.graph);
  library.find("TF_DeleteGraph", api.delete_graph);
  library.find("TF_GraphOperationByName", api.operation);
  library.find("TF_NewBuffer", api.buffer);
  library.find("TF_DeleteBuffer", api.delete_buffer);
  library.find("TF_LoadSessionFromSavedModel", api.load);
  library.find("TF_CloseSession", api.close);
  library.find("TF_DeleteSession", api.delete_session);
  library.find("TF_SessionRun", api.run);
  library.find("TF_AllocateTensor", api.allocate);
  library.find("TF_DeleteTensor", api.delete_tensor);
  library.find("TF_TensorType", api.type);
  library.find("TF_NumDims", api.rank);
  library.find("TF_Dim", api.size);
  library.find("TF_TensorByteSize", api.byte_size);
  library.find("TF_TensorData", api.data);
  return api;
}

constexpr struct {
  int type;
  sluice_dtype dtype;
} types[] = {
    {1, {SLUICE_FLOAT, 32, 1}},  {2, {SLUICE_FLOAT, 64, 1}},  {3, {SLUICE_INT, 32, 1}},   {4, {SLUICE_UINT, 8, 1}},
    {5, {SLUICE_INT, 16, 1}},    {6, {SLUICE_INT, 8, 1}},     {9, {SLUICE_INT, 64, 1}},   {10, {SLUICE_BOOL, 8, 1}},
    {14, {SLUICE_BFLOAT, 16, 1}}, {17, {SLUICE_UINT, 16, 1}}, {19, {SLUICE_FLOAT, 16, 1}}, {22, {SLUICE_UINT, 32, 1}},
    {23, {SLUICE_UINT, 64, 1}},
};

}  // namespace

const Api &open_api(const sluice_load_args *args) {
  library.open(args);
  static const Api api = find_api();
  return api;
}

int type_of(sluice_dtype dtype) {
  for (const auto &known : types) {
    if (sluice::same(known.dtype, dtype)) return known.type;
  }
  return 0;
}

bool dtype_of(int type, sluice_dtype &dtype) {
  for (const auto &known : types) {
    if (known.type != type) continue;
    dtype = known.dtype;
    return true;
  }
  return false;
}

}  // namespace tf

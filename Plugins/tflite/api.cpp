#include "api.h"

namespace tflite {
namespace {

sluice::Library library({"TensorFlow Lite", "libtensorflowlite_c.so", "SLUICE_TFLITE", "TfLiteInterpreterCreate",
                         "make deps", "pip install pymicro-wakeword"});

// Filled in once, by the first model that is loaded.
Api find_api() {
  Api api = {};
  library.find("TfLiteVersion", api.version);
  library.find("TfLiteModelCreateFromFileWithErrorReporter", api.open);
  library.find("TfLiteModelDelete", api.close);
  library.find("TfLiteInterpreterOptionsCreate", api.options);
  library.find("TfLiteInterpreterOptionsSetNumThreads", api.set_threads);
  library.find("TfLiteInterpreterOptionsSetErrorReporter", api.set_reporter);
  library.find("TfLiteInterpreterOptionsDelete", api.delete_options);
  library.find("TfLiteInterpreterCreate", api.create);
  library.find("TfLiteInterpreterDelete", api.destroy);
  library.find("TfLiteInterpreterGetInputTensorCount", api.input_count);
  library.find("TfLiteInterpreterGetInputTensor", api.input);
  library.find("TfLiteInterpreterResizeInputTensor", api.resize);
  library.find("TfLiteInterpreterAllocateTensors", api.allocate);
  library.find("TfLiteInterpreterInvoke", api.invoke);
  library.find("TfLiteInterpreterGetOutputTensorCount", api.output_count);
  library.find("TfLiteInterpreterGetOutputTensor", api.output);
  library.find("TfLiteInterpreterGetSignatureCount", api.signature_count);
  library.find("TfLiteInterpreterGetSignatureKey", api.signature_key);
  library.find("TfLiteInterpreterGetSignatureRunner", api.signature);
  library.find("TfLiteSignatureRunnerDelete", api.close_signature);
  library.find("TfLiteSignatureRunnerGetInputCount", api.signature_input_count);
  library.find("TfLiteSignatureRunnerGetInputName", api.signature_input_name);
  library.find("TfLiteSignatureRunnerGetInputTensor", api.signature_input);
  library.find("TfLiteSignatureRunnerGetOutputCount", api.signature_output_count);
  library.find("TfLiteSignatureRunnerGetOutputName", api.signature_output_name);
  library.find("TfLiteSignatureRunnerGetOutputTensor", api.signature_output);
  library.find("TfLiteTensorName", api.name);
  library.find("TfLiteTensorType", api.type);
  library.find("TfLiteTensorNumDims", api.rank);
  library.find("TfLiteTensorDim", api.size);
  library.find("TfLiteTensorByteSize", api.byte_size);
  library.find("TfLiteTensorData", api.data);
  library.find("TfLiteTensorQuantizationParams", api.quantization);
  // An opaque tensor is a tensor, by another name.
  library.find("TfLiteOpaqueTensorGetNumDimsSignature", api.declared_rank);
  library.find("TfLiteOpaqueTensorGetDimSignature", api.declared_size);
  return api;
}

}  // namespace

const Api &open_api(const sluice_load_args *args) {
  library.open(args);
  static const Api api = find_api();
  return api;
}

bool dtype_of(int32_t type, sluice_dtype &dtype) {
  static const struct {
    int32_t type;
    sluice_dtype dtype;
  } types[] = {
      {1, {SLUICE_FLOAT, 32, 1}}, {2, {SLUICE_INT, 32, 1}},   {3, {SLUICE_UINT, 8, 1}},   {4, {SLUICE_INT, 64, 1}},
      {6, {SLUICE_BOOL, 8, 1}},   {7, {SLUICE_INT, 16, 1}},   {9, {SLUICE_INT, 8, 1}},    {10, {SLUICE_FLOAT, 16, 1}},
      {11, {SLUICE_FLOAT, 64, 1}}, {13, {SLUICE_UINT, 64, 1}}, {16, {SLUICE_UINT, 32, 1}}, {17, {SLUICE_UINT, 16, 1}},
  };
  for (const auto &known : types) {
    if (known.type == type) {
      dtype = known.dtype;
      return true;
    }
  }
  return false;
}

}  // namespace tflite

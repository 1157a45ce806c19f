/* custom_ops - an operator of nobody's but the tests: test.sluice.AddOne, FP32 of any shape. */
#include <onnxruntime_c_api.h>
#include <stddef.h>

static const OrtApi *ort;

static void *create(const struct OrtCustomOp *op, const OrtApi *api, const OrtKernelInfo *info) {
  (void)api, (void)info;
  return (void *)op;
}
static void destroy(void *kernel) { (void)kernel; }

static const char *name(const struct OrtCustomOp *op) {
  (void)op;
  return "AddOne";
}
static const char *provider(const struct OrtCustomOp *op) {
  (void)op;
  return NULL;
}
static ONNXTensorElementDataType type(const struct OrtCustomOp *op, size_t index) {
  (void)op, (void)index;
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
}
static size_t one(const struct OrtCustomOp *op) {
  (void)op;
  return 1;
}
static OrtCustomOpInputOutputCharacteristic required(const struct OrtCustomOp *op, size_t index) {
  (void)op, (void)index;
  return INPUT_OUTPUT_REQUIRED;
}
static OrtMemType memory(const struct OrtCustomOp *op, size_t index) {
  (void)op, (void)index;
  return OrtMemTypeDefault;
}

static OrtStatusPtr add_one(void *kernel, OrtKernelContext *context) {
  (void)kernel;
  const OrtValue *input = NULL;
  OrtValue *output = NULL;
  OrtTensorTypeAndShapeInfo *info = NULL;
  size_t rank = 0, count = 0;
  int64_t shape[8];
  float *from = NULL, *to = NULL;
  OrtStatusPtr status = ort->KernelContext_GetInput(context, 0, &input);
  if (status == NULL) status = ort->GetTensorTypeAndShape(input, &info);
  if (status == NULL) status = ort->GetDimensionsCount(info, &rank);
  if (status == NULL && rank > 8) status = ort->CreateStatus(ORT_INVALID_ARGUMENT, "too many dimensions");
  if (status == NULL) status = ort->GetDimensions(info, shape, rank);
  if (status == NULL) status = ort->GetTensorShapeElementCount(info, &count);
  if (info != NULL) ort->ReleaseTensorTypeAndShapeInfo(info);
  if (status == NULL) status = ort->KernelContext_GetOutput(context, 0, shape, rank, &output);
  if (status == NULL) status = ort->GetTensorMutableData((OrtValue *)input, (void **)&from);
  if (status == NULL) status = ort->GetTensorMutableData(output, (void **)&to);
  for (size_t i = 0; status == NULL && i < count; i++) to[i] = from[i] + 1;
  return status;
}

static OrtStatusPtr create_kernel(const struct OrtCustomOp *op, const OrtApi *api, const OrtKernelInfo *info, void **kernel) {
  *kernel = create(op, api, info);
  return NULL;
}

static const OrtCustomOp operator = {
    .version = ORT_API_VERSION,
    .CreateKernel = create,
    .CreateKernelV2 = create_kernel,
    .KernelDestroy = destroy,
    .KernelComputeV2 = add_one,
    .GetName = name,
    .GetExecutionProviderType = provider,
    .GetInputType = type,
    .GetInputTypeCount = one,
    .GetOutputType = type,
    .GetOutputTypeCount = one,
    .GetInputCharacteristic = required,
    .GetOutputCharacteristic = required,
    .GetInputMemoryType = memory,
};

OrtStatus *ORT_API_CALL RegisterCustomOps(OrtSessionOptions *options, const OrtApiBase *base) {
  ort = base->GetApi(ORT_API_VERSION);
  OrtCustomOpDomain *domain = NULL;
  OrtStatus *status = ort->CreateCustomOpDomain("test.sluice", &domain);
  if (status == NULL) status = ort->CustomOpDomain_Add(domain, &operator);
  if (status == NULL) status = ort->AddCustomOpDomain(options, domain); /* it stays for the life of the process */
  return status;
}

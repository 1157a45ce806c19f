#include "model.h"

namespace python {

void Description::read(Object *list, std::vector<sluice_tensor_spec> *specs) {
  const ssize_t count = api.PyList_Size(list);
  for (ssize_t i = 0; i < count; i++) {
    Object *form = api.PyList_GetItem(list, i); // (name, code, bits, shape or None)
    Tensor &tensor = tensors.emplace_back();
    tensor.name = text_of(api.PyTuple_GetItem(form, 0));
    sluice_tensor_spec spec = {};
    spec.name = tensor.name.c_str();
    spec.dtype.code = static_cast<uint8_t>(integer_of(api.PyTuple_GetItem(form, 1)));
    spec.dtype.bits = static_cast<uint8_t>(integer_of(api.PyTuple_GetItem(form, 2)));
    spec.dtype.lanes = 1;
    spec.ndim = -1;
    if (Object *shape = api.PyTuple_GetItem(form, 3); shape != api.None) {
      spec.ndim = static_cast<int32_t>(api.PyTuple_Size(shape));
      for (int32_t axis = 0; axis < spec.ndim; axis++) {
        tensor.shape.push_back(integer_of(api.PyTuple_GetItem(shape, axis)));
      }
    }
    spec.shape = tensor.shape.data();
    specs->push_back(spec);
  }
}

Description::Description(Object *declared) {
  read(item(declared, "inputs"), &inputs);
  read(item(declared, "outputs"), &outputs);
  info.struct_size = sizeof info;
  info.inputs = inputs.data();
  info.input_count = inputs.size();
  info.outputs = outputs.data();
  info.output_count = outputs.size();
  info.batching = static_cast<int32_t>(integer_of(item(declared, "batching")));
  info.max_batch_rows = static_cast<int32_t>(integer_of(item(declared, "max_batch_rows")));
  info.max_concurrency = static_cast<int32_t>(integer_of(item(declared, "max_concurrency")));
  info.flags = static_cast<uint32_t>(integer_of(item(declared, "flags")));
  info.memory_bytes = static_cast<uint64_t>(integer_of(item(declared, "memory_bytes")));
  info.platform = texts.emplace_back(text_of(item(declared, "platform"))).c_str();
  Object *facts = item(declared, "metadata");
  for (ssize_t i = 0; i < api.PyList_Size(facts); i++) {
    Object *pair = api.PyList_GetItem(facts, i);
    const char *key = texts.emplace_back(text_of(api.PyTuple_GetItem(pair, 0))).c_str();
    const char *value = texts.emplace_back(text_of(api.PyTuple_GetItem(pair, 1))).c_str();
    metadata.push_back({key, value});
  }
  info.metadata = metadata.data();
  info.metadata_count = metadata.size();
}

}  // namespace python

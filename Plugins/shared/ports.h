// ports.h - the inputs and outputs that a model's file declares.
#ifndef SLUICE_PORTS_H
#define SLUICE_PORTS_H
#include <cstring>
#include <string>
#include <vector>

#include "answer.h"

namespace sluice {

struct Port {
  std::string name;
  sluice_dtype dtype = {};
  std::vector<int64_t> shape;  // -1 = any size; the batch dimension is included
  std::string summary;
  bool any_rank = false;
};

// What describe() says of them; they must outlive it. `batched` leaves the first dimension out.
inline std::vector<sluice_tensor_spec> specs_of(const std::vector<Port> &ports, bool batched) {
  std::vector<sluice_tensor_spec> specs;
  for (const Port &port : ports) {
    const size_t left_out = batched ? 1 : 0;
    sluice_tensor_spec spec = {};
    spec.name = port.name.c_str();
    spec.dtype = port.dtype;
    spec.ndim = port.any_rank ? -1 : static_cast<int32_t>(port.shape.size() - left_out);
    spec.shape = port.any_rank ? nullptr : port.shape.data() + left_out;
    spec.summary = port.summary.empty() ? nullptr : port.summary.c_str();
    specs.push_back(spec);
  }
  return specs;
}

// The request's tensor of this name, of the port's type and rank and with its fixed sizes. Throws a Failure.
inline const sluice_tensor &input_of(const sluice_request *request, const Port &port) {
  const std::string input = "input \"" + port.name.substr(0, 64) + "\"";
  for (size_t i = 0; i < request->input_count; i++) {
    const sluice_tensor &tensor = request->inputs[i];
    if (port.name != tensor.name) continue;
    if (!same(tensor.dtype, port.dtype)) {
      throw Failure(SLUICE_INVALID_ARGUMENT,
                    input + " is " + datatype_name(tensor.dtype) + ", but the model takes " + datatype_name(port.dtype));
    }
    if (port.any_rank) return tensor;
    bool fits = tensor.ndim == static_cast<int32_t>(port.shape.size());
    for (size_t axis = 0; fits && axis < port.shape.size(); axis++) {
      fits = port.shape[axis] < 0 ? tensor.shape[axis] >= 0 : tensor.shape[axis] == port.shape[axis];
    }
    if (!fits) throw Failure(SLUICE_INVALID_ARGUMENT, input + " has another shape than the model takes");
    return tensor;
  }
  throw Failure(SLUICE_INVALID_ARGUMENT, input + " is missing");
}

// Whether a model that takes rows is asked about none. Not every framework bears that.
inline bool asks_nothing(const sluice_model_info &info, const sluice_request *request) {
  return info.batching == SLUICE_BATCH_CONCAT && request->input_count > 0 && request->inputs[0].ndim > 0 &&
         request->inputs[0].shape[0] == 0;
}

// As many rows as were asked about.
inline void answer_nothing(const std::vector<Port> &outputs, const sluice_request *request) {
  Answer answer(request);
  for (const Port &port : outputs) {
    if (!output_is_wanted(request, port.name.c_str())) continue;
    std::vector<int64_t> shape = port.shape;
    shape[0] = 0;
    for (int64_t &size : shape) size = size < 0 ? 0 : size;
    answer.add(port.name.c_str(), port.dtype, shape);
  }
  answer.send();
}

}  // namespace sluice

#endif

#include "function.h"

#include <dlfcn.h>

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "options.h"

namespace ffi {
namespace {

bool is_pointer(const Parameter &parameter) { return !parameter.shape.empty(); }

// Whether a whole number can be passed as this type.
bool fits(int64_t value, const Type &type) {
  const bool is_signed = type.dtype.code == SLUICE_INT;
  const int bits = type.dtype.bits - (is_signed ? 1 : 0);
  if (bits >= 63) return is_signed || value >= 0;
  return value < (int64_t{1} << bits) && value >= (is_signed ? -(int64_t{1} << bits) : 0);
}

// Little-endian, as every machine that this runs on: the low bytes come first.
Slot slot_of(int64_t value) {
  Slot slot = {};
  std::memcpy(slot.data(), &value, sizeof value);
  return slot;
}

Slot constant(const Parameter &parameter, const std::string &text) {
  const Type &type = *parameter.type;
  char *end = nullptr;
  errno = 0;
  Slot slot = {};
  if (type.dtype.code == SLUICE_FLOAT) {
    const double value = std::strtod(text.c_str(), &end);
    const float narrow = static_cast<float>(value);
    if (type.size == 4) std::memcpy(slot.data(), &narrow, sizeof narrow);
    if (type.size == 8) std::memcpy(slot.data(), &value, sizeof value);
  } else if (type.dtype.code == SLUICE_BOOL && (text == "true" || text == "false")) {
    slot[0] = text == "true";
    return slot;
  } else {
    const long long value = std::strtoll(text.c_str(), &end, 10);
    slot = slot_of(value);
    if (!fits(value, type) || type.dtype.code == SLUICE_BOOL) end = nullptr;
  }
  if (end == nullptr || end == text.c_str() || *end != '\0' || errno != 0) {
    throw SignatureError("config.values." + parameter.name + ": \"" + text + "\" is no " + type.name);
  }
  return slot;
}

}  // namespace

// What one request needs until it is answered.
struct Function::Call {
  const sluice_request *request;
  std::vector<int64_t> sizes;
  std::vector<Slot> slots;           // numbers, and the addresses of arrays
  std::vector<void *> arguments;     // where libffi reads them
  std::deque<std::vector<int64_t>> shapes;
  std::vector<sluice_tensor> outputs;
};

size_t Function::size_index(const std::string &name) {
  const auto found = std::find(size_names_.begin(), size_names_.end(), name);
  const size_t index = static_cast<size_t>(found - size_names_.begin());
  if (found == size_names_.end()) size_names_.push_back(name);
  return index;
}

void Function::declare(const Parameter &parameter, std::vector<sluice_tensor_spec> *specs) {
  std::vector<int64_t> &shape = shapes_.emplace_back();
  for (const Extent &extent : parameter.shape) shape.push_back(extent.size);
  sluice_tensor_spec spec = {};
  spec.name = parameter.name.c_str();
  spec.dtype = parameter.type->dtype;
  spec.ndim = static_cast<int32_t>(shape.size());
  spec.shape = shape.data();
  specs->push_back(spec);
}

Function::Function(const std::string &library, const std::string &symbol, Signature signature,
                   const std::map<std::string, std::string> &values, const std::string &model)
    : signature_(std::move(signature)), symbol_(symbol) {
  // Never closed: a library's threads and exit handlers may outlive the model.
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char *reason = dlerror();
    throw std::runtime_error(std::string("config.library: ") + (reason != nullptr ? reason : "can't be opened"));
  }
  code_ = reinterpret_cast<void (*)()>(dlsym(handle, symbol.c_str()));
  if (code_ == nullptr) {
    throw std::runtime_error("config.symbol: " + library + " has no function " + symbol + " for model " + model);
  }
  for (const Parameter &parameter : signature_.parameters) {
    std::vector<int> &axes = size_of_.emplace_back();
    for (const Extent &extent : parameter.shape) {
      axes.push_back(extent.name.empty() ? -1 : static_cast<int>(size_index(extent.name)));
    }
    const bool is_extent = parameter.role == Parameter::Role::extent;
    extent_of_.push_back(is_extent ? static_cast<int>(size_index(parameter.name)) : -1);
    const bool is_constant = parameter.role == Parameter::Role::constant;
    constants_.push_back(is_constant ? constant(parameter, values.at(parameter.name)) : Slot{});
    if (parameter.role == Parameter::Role::input || parameter.role == Parameter::Role::scalar) {
      declare(parameter, &inputs_);
    }
    if (parameter.role == Parameter::Role::output) declare(parameter, &outputs_);
    forms_.push_back(is_pointer(parameter) ? &ffi_type_pointer : parameter.type->form);
  }
  if (!signature_.result_name.empty()) {
    declare(Parameter{Parameter::Role::output, signature_.result, signature_.result_name, {}}, &outputs_);
    outputs_.back().name = signature_.result_name.c_str();
  }
  ffi_type *result = signature_.result != nullptr ? signature_.result->form : &ffi_type_void;
  const auto count = static_cast<unsigned>(forms_.size());
  if (ffi_prep_cif(&interface_, FFI_DEFAULT_ABI, count, result, forms_.data()) != FFI_OK) {
    throw std::runtime_error("config.signature: libffi can't call such a function");
  }
}

// Finds the inputs, and makes every name of a size stand for one number.
sluice_status Function::bind(Call &call, sluice_error *error) const {
  const sluice_request *request = call.request;
  call.sizes.assign(size_names_.size(), -1);
  call.slots.resize(signature_.parameters.size());
  std::vector<const char *> told(size_names_.size(), nullptr); // by which input
  static unsigned char nothing[64];
  for (size_t i = 0; i < signature_.parameters.size(); i++) {
    const Parameter &parameter = signature_.parameters[i];
    if (parameter.role != Parameter::Role::input && parameter.role != Parameter::Role::scalar) continue;
    const sluice_tensor *input = nullptr;
    for (size_t k = 0; k < request->input_count; k++) {
      if (parameter.name == request->inputs[k].name) input = &request->inputs[k];
    }
    if (input == nullptr) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "input \"%s\" is missing", parameter.name.c_str());
    }
    const Type &type = *parameter.type;
    if (std::memcmp(&input->dtype, &type.dtype, sizeof type.dtype) != 0 ||
        input->ndim != static_cast<int32_t>(parameter.shape.size())) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "input \"%s\" has another type or rank than declared", input->name);
    }
    uint64_t needed = type.size;
    for (int32_t axis = 0; axis < input->ndim; axis++) {
      const int64_t size = input->shape[axis];
      const Extent &extent = parameter.shape[static_cast<size_t>(axis)];
      const int index = size_of_[i][static_cast<size_t>(axis)];
      if (size < 0 || (extent.size >= 0 && size != extent.size)) {
        return fail(error, SLUICE_INVALID_ARGUMENT,
                    "input \"%s\" has %" PRId64 " in dimension %d, where %" PRId64 " is declared", input->name, size,
                    axis, extent.size);
      }
      if (index >= 0) {
        int64_t &known = call.sizes[static_cast<size_t>(index)];
        if (known >= 0 && known != size) {
          return fail(error, SLUICE_INVALID_ARGUMENT,
                      "%s is %" PRId64 " in input \"%s\" and %" PRId64 " in input \"%s\"", extent.name.c_str(), known,
                      told[static_cast<size_t>(index)], size, input->name);
        }
        known = size;
        told[static_cast<size_t>(index)] = input->name;
      }
      if (__builtin_mul_overflow(needed, static_cast<uint64_t>(size), &needed)) needed = UINT64_MAX;
    }
    // The function trusts the shapes: no byte less than they say may be there.
    if (input->byte_size != needed) {
      return fail(error, SLUICE_INVALID_ARGUMENT,
                  "input \"%s\" has %" PRIu64 " bytes where its shape takes %" PRIu64, input->name, input->byte_size,
                  needed);
    }
    if (parameter.role == Parameter::Role::scalar) {
      std::memcpy(call.slots[i].data(), input->data, type.size);
    } else {
      const void *data = needed > 0 ? input->data : nothing;
      std::memcpy(call.slots[i].data(), &data, sizeof data);
    }
  }
  for (size_t i = 0; i < signature_.parameters.size(); i++) {
    const Parameter &parameter = signature_.parameters[i];
    if (parameter.role == Parameter::Role::constant) call.slots[i] = constants_[i];
    if (parameter.role != Parameter::Role::extent) continue;
    const int64_t size = call.sizes[static_cast<size_t>(extent_of_[i])];
    if (!fits(size, *parameter.type)) {
      return fail(error, SLUICE_OUT_OF_RANGE, "%s is %" PRId64 ", too large for the function's %s",
                  parameter.name.c_str(), size, parameter.type->name);
    }
    call.slots[i] = slot_of(size);
  }
  return SLUICE_OK;
}

// Host memory for everything that the function fills, zeroed: it might fill less, and the memory was another's.
sluice_status Function::make_outputs(Call &call, sluice_error *error) const {
  static unsigned char nothing[64];
  for (size_t i = 0; i < signature_.parameters.size(); i++) {
    const Parameter &parameter = signature_.parameters[i];
    if (parameter.role != Parameter::Role::output) continue;
    std::vector<int64_t> &shape = call.shapes.emplace_back();
    uint64_t bytes = parameter.type->size;
    for (size_t axis = 0; axis < parameter.shape.size(); axis++) {
      const Extent &extent = parameter.shape[axis];
      shape.push_back(extent.size >= 0 ? extent.size : call.sizes[static_cast<size_t>(size_of_[i][axis])]);
      if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(shape.back()), &bytes) || bytes > INT64_MAX / 2) {
        return fail(error, SLUICE_INVALID_ARGUMENT, "output \"%s\" would be too large", parameter.name.c_str());
      }
    }
    sluice_tensor output = {};
    output.name = parameter.name.c_str();
    output.dtype = parameter.type->dtype;
    output.device_type = SLUICE_CPU;
    output.ndim = static_cast<int32_t>(shape.size());
    output.shape = shape.data();
    output.byte_size = bytes;
    const sluice_status status = call.request->host->new_output(call.request, &output);
    if (status != SLUICE_OK) return fail(error, status, "no room for output \"%s\"", output.name);
    if (bytes > 0) std::memset(output.data, 0, bytes);
    void *data = bytes > 0 ? output.data : nothing;
    std::memcpy(call.slots[i].data(), &data, sizeof data);
    call.outputs.push_back(output);
  }
  return SLUICE_OK;
}

sluice_status Function::answer(const sluice_request *request, sluice_error *error) {
  Call call{request, {}, {}, {}, {}, {}};
  sluice_status status = bind(call, error);
  if (status == SLUICE_OK) status = make_outputs(call, error);
  if (status != SLUICE_OK) return status;
  for (Slot &slot : call.slots) call.arguments.push_back(slot.data());

  alignas(16) unsigned char result[16] = {}; // libffi widens small whole numbers to a register
  ffi_call(&interface_, code_, result, call.arguments.data());

  if (signature_.result != nullptr && signature_.result_name.empty()) {
    int32_t code;
    std::memcpy(&code, result, sizeof code);
    if (code != 0) return fail(error, SLUICE_INTERNAL, "%s() returned %d", symbol_.c_str(), code);
  }
  if (!signature_.result_name.empty()) {
    sluice_tensor output = {};
    output.name = signature_.result_name.c_str();
    output.dtype = signature_.result->dtype;
    output.device_type = SLUICE_CPU;
    output.data = result; // copied by the host
    output.byte_size = signature_.result->size;
    call.outputs.push_back(output);
  }
  const auto unwanted = [&](const sluice_tensor &output) { return !output_is_wanted(request, output.name); };
  call.outputs.erase(std::remove_if(call.outputs.begin(), call.outputs.end(), unwanted), call.outputs.end());
  sluice_response response = {};
  response.struct_size = sizeof response;
  response.outputs = call.outputs.data();
  response.output_count = call.outputs.size();
  response.flags = SLUICE_FINAL;
  request->host->respond(request, &response); // not OK = the caller has gone: nothing is left to do
  return SLUICE_OK;
}

}  // namespace ffi

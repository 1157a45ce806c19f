// One request's way into Python and back.
#include <cstdio>
#include <cstring>

#include "model.h"
#include "sources.h"

namespace python {
namespace {

// Below this size an output is copied by the host, which is cheaper than keeping Python's object for it.
enum { ADOPT_FROM = 64 * 1024 };

const char *const CALL = "sluice.call";
const char *const HOST = "sluice.host";

// A request while Python works on it. The capsule owns it, so that a model which keeps its request can still ask.
struct Call {
  sluice_model *model;
  const sluice_request *request; // NULL once it is answered
  size_t parts;
};

void free_call(Object *capsule) { delete static_cast<Call *>(api.PyCapsule_GetPointer(capsule, CALL)); }

Call *call_at(Object *capsule) {
  auto call = static_cast<Call *>(api.PyCapsule_GetPointer(capsule, CALL));
  check(call != nullptr);
  return call;
}

// Runs a body that Python calls: what it throws becomes an exception.
template <class Body> Object *from_python(Body body) {
  try {
    return body().take();
  } catch (const Raised &raised) {
    api.PyErr_SetString(api.RuntimeError, raised.text.c_str());
  } catch (const std::exception &problem) {
    api.PyErr_SetString(api.RuntimeError, problem.what());
  }
  return nullptr;
}

Object *argument(Object *arguments, ssize_t index) {
  Object *found = api.PyTuple_GetItem(arguments, index);
  check(found != nullptr);
  return found;
}

// _is_cancelled(call) -> bool
Object *is_cancelled(Object *, Object *arguments) {
  return from_python([&] {
    const sluice_request *request = call_at(argument(arguments, 0))->request;
    return checked(api.PyBool_FromLong(request == nullptr || request->host->is_cancelled(request) != 0));
  });
}

// _log(level, text), bound to a host.
Object *log(Object *self, Object *arguments) {
  return from_python([&] {
    auto host = static_cast<const sluice_host *>(api.PyCapsule_GetPointer(self, HOST));
    check(host != nullptr);
    const long long level = integer_of(argument(arguments, 0));
    if (level >= static_cast<long long>(host->log_level)) {
      const std::string line = text_of(argument(arguments, 1));
      Unlocked others;
      host->log(host, static_cast<int32_t>(level), line.c_str());
    }
    return none();
  });
}

void release_output(sluice_tensor *tensor) {
  std::unique_ptr<HeldOutput> held(static_cast<HeldOutput *>(tensor->owner));
  tensor->release = nullptr;
  Reaper *reaper = held->reaper;
  reaper->take(std::move(held));
}

// The outputs of one response: what the host takes over leaves by release(), the rest is given back after respond().
class Outputs {
 public:
  Outputs(sluice_model *model, Object *list) {
    const ssize_t count = api.PyList_Size(list);
    check(count >= 0);
    try {
      for (ssize_t i = 0; i < count; i++) add(model, api.PyList_GetItem(list, i));
    } catch (...) {
      give_back();
      throw;
    }
  }
  ~Outputs() { give_back(); }
  sluice_tensor *data() { return tensors_.data(); }
  size_t size() const { return tensors_.size(); }

  // From here on the host owns what it was told to.
  void hand_over() {
    for (auto &held : adopted_) held.release();
    adopted_.clear();
  }

 private:
  void give_back() {
    for (const auto &held : borrowed_) held->release();
    for (const auto &held : adopted_) held->release();
  }

  // (name, code, bits, shape, data, offsets or None)
  void add(sluice_model *model, Object *form) {
    auto held = std::make_unique<HeldOutput>();
    sluice_tensor tensor = {};
    held->name = text_of(argument(form, 0));
    tensor.dtype.code = static_cast<uint8_t>(integer_of(argument(form, 1)));
    tensor.dtype.bits = static_cast<uint8_t>(integer_of(argument(form, 2)));
    tensor.dtype.lanes = 1;
    Object *shape = argument(form, 3);
    for (ssize_t axis = 0; axis < api.PyTuple_Size(shape); axis++) {
      held->shape.push_back(integer_of(argument(shape, axis)));
    }
    check(api.PyObject_GetBuffer(argument(form, 4), &held->data, PyBUF_SIMPLE) == 0);
    if (Object *offsets = argument(form, 5); offsets != api.None) {
      // Taken along with the rest: an exception here must not keep the data.
      if (api.PyObject_GetBuffer(offsets, &held->offsets, PyBUF_SIMPLE) != 0) {
        held->release();
        check(false);
      }
    }
    tensor.data = held->data.buf;
    tensor.device_type = SLUICE_CPU;
    tensor.ndim = static_cast<int32_t>(held->shape.size());
    tensor.shape = held->shape.data();
    tensor.name = held->name.c_str();
    tensor.byte_size = static_cast<uint64_t>(held->data.len);
    tensor.offsets = static_cast<const int64_t *>(held->offsets.buf);
    if (tensor.byte_size >= ADOPT_FROM) {
      held->reaper = &model->reaper;
      tensor.release = release_output;
      tensor.owner = held.get();
      adopted_.push_back(std::move(held));
    } else {
      borrowed_.push_back(std::move(held));
    }
    tensors_.push_back(tensor);
  }

  std::vector<sluice_tensor> tensors_;
  std::vector<std::unique_ptr<HeldOutput>> borrowed_, adopted_;
};

// _respond(call, outputs, final) -> whether the caller is still there
Object *respond(Object *, Object *arguments) {
  return from_python([&] {
    Call *call = call_at(argument(arguments, 0));
    if (call->request == nullptr) throw Raised{"the request is answered already"};
    const bool is_final = integer_of(argument(arguments, 2)) != 0;
    Outputs outputs(call->model, argument(arguments, 1));
    sluice_response response = {};
    response.struct_size = sizeof response;
    response.outputs = outputs.data();
    response.output_count = outputs.size();
    response.flags = is_final ? SLUICE_FINAL : 0;
    const sluice_request *request = call->request;
    if (is_final) call->request = nullptr;
    call->parts++;
    outputs.hand_over();
    sluice_status status;
    {
      Unlocked others; // may wait for a slow client
      status = request->host->respond(request, &response);
    }
    return checked(api.PyBool_FromLong(status == SLUICE_OK));
  });
}

Method methods[] = {
    {"_respond", respond, METH_VARARGS, nullptr},
    {"_is_cancelled", is_cancelled, METH_VARARGS, nullptr},
    {"_log", log, METH_VARARGS, nullptr},
};

// (name, code, bits, shape, data): the data a view of the host's memory, or a list of bytes objects.
Ref tensor_form(const sluice_tensor &tensor) {
  Ref shape = checked(api.PyTuple_New(tensor.ndim));
  size_t count = 1;
  for (int32_t axis = 0; axis < tensor.ndim; axis++) {
    count *= static_cast<size_t>(tensor.shape[axis]);
    check(api.PyTuple_SetItem(shape.get(), axis, integer(tensor.shape[axis]).take()) == 0);
  }
  auto data = static_cast<char *>(tensor.data) + tensor.byte_offset;
  Ref content;
  if (tensor.dtype.code == SLUICE_BYTES) {
    content = checked(api.PyList_New(static_cast<ssize_t>(count)));
    for (size_t i = 0; i < count; i++) {
      const int64_t length = tensor.offsets[i + 1] - tensor.offsets[i];
      Ref piece = checked(api.PyBytes_FromStringAndSize(length > 0 ? data + tensor.offsets[i] : "", length));
      check(api.PyList_SetItem(content.get(), static_cast<ssize_t>(i), piece.take()) == 0);
    }
  } else {
    static char nothing;
    content = checked(api.PyMemoryView_FromMemory(tensor.byte_size > 0 ? data : &nothing,
                                                  static_cast<ssize_t>(tensor.byte_size), PyBUF_READ));
  }
  return tuple(text(tensor.name), integer(tensor.dtype.code), integer(tensor.dtype.bits), std::move(shape),
               std::move(content));
}

Ref tensor_forms(const sluice_tensor *tensors, size_t count) {
  Ref list = checked(api.PyList_New(static_cast<ssize_t>(count)));
  for (size_t i = 0; i < count; i++) {
    check(api.PyList_SetItem(list.get(), static_cast<ssize_t>(i), tensor_form(tensors[i]).take()) == 0);
  }
  return list;
}

Ref facts_of(const sluice_request *request) {
  Ref params = checked(api.PyList_New(static_cast<ssize_t>(request->param_count)));
  for (size_t i = 0; i < request->param_count; i++) {
    Ref pair = tuple(text(request->params[i].key), text(request->params[i].value));
    check(api.PyList_SetItem(params.get(), static_cast<ssize_t>(i), pair.take()) == 0);
  }
  Ref wanted = checked(api.PyTuple_New(static_cast<ssize_t>(request->wanted_count)));
  for (size_t i = 0; i < request->wanted_count; i++) {
    check(api.PyTuple_SetItem(wanted.get(), static_cast<ssize_t>(i), text(request->wanted[i]).take()) == 0);
  }
  return tuple(text(request->id), checked(api.PyLong_FromUnsignedLongLong(request->deadline_ns)), std::move(params),
               std::move(wanted), text(request->sequence_id), integer(request->sequence_flags),
               integer(request->priority), text(request->subject_id), checked(api.PyFloat_FromDouble(request->weight)));
}

sluice_status write(sluice_error *error, sluice_status code, const std::string &message) {
  error->code = code;
  std::snprintf(error->message, sizeof error->message, "%s", message.c_str());
  return code;
}

}  // namespace

Object *runtime() {
  static Object *dictionary = nullptr;
  if (dictionary != nullptr) return dictionary;
  Object *module = api.PyImport_AddModule("sluice"); // borrowed, kept by sys.modules
  check(module != nullptr);
  Object *names = api.PyModule_GetDict(module);
  Object *builtins = api.PyImport_AddModule("builtins");
  check(builtins != nullptr && api.PyDict_SetItemString(names, "__builtins__", builtins) == 0);
  for (Method &method : methods) {
    Ref function = checked(api.PyCFunction_NewEx(&method, nullptr, nullptr));
    check(api.PyDict_SetItemString(names, method.name, function.get()) == 0);
  }
  const std::pair<const char *, const char *> sources[] = {
      {sluice_python_runtime, "<sluice runtime>"}, {sluice_python_estimator, "<sluice estimator>"}};
  for (const auto &[source, name] : sources) {
    Ref code = checked(api.Py_CompileString(source, name, Py_file_input));
    checked(api.PyEval_EvalCode(code.get(), names, names));
  }
  return dictionary = names;
}

Ref log_function(const sluice_host *host) {
  Ref capsule = checked(api.PyCapsule_New(const_cast<sluice_host *>(host), HOST, nullptr));
  return checked(api.PyCFunction_NewEx(&methods[2], capsule.get(), nullptr));
}

sluice_status serve(sluice_model *model, bool is_learn, const sluice_request *request, sluice_error *error) {
  Locked python;
  Call *call = new Call{model, request, 0};
  Ref capsule(api.PyCapsule_New(call, CALL, free_call));
  if (!capsule) {
    delete call;
    return write(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  }
  sluice_status status = SLUICE_OK;
  std::string message;
  try {
    Ref handle(capsule.get());
    api.Py_IncRef(handle.get());
    Ref arguments = tuple(checked(api.PyBool_FromLong(is_learn)), std::move(handle),
                          tensor_forms(request->inputs, request->input_count),
                          tensor_forms(request->labels, request->label_count), facts_of(request));
    Ref failure = checked(api.PyObject_CallObject(model->run.get(), arguments.get()));
    if (failure.get() != api.None) {
      status = static_cast<sluice_status>(integer_of(argument(failure.get(), 0)));
      message = text_of(argument(failure.get(), 1));
    }
  } catch (const Raised &raised) {
    status = SLUICE_INTERNAL;
    message = "the Python runtime failed: " + raised.text;
  }
  const bool is_open = call->request != nullptr;
  call->request = nullptr;
  if (status == SLUICE_OK && is_open) {
    status = SLUICE_INTERNAL;
    message = "the Python runtime gave no answer";
  }
  if (status == SLUICE_OK || !is_open) return SLUICE_OK; // a failure after the final answer is in the log
  if (call->parts == 0) return write(error, status, message);
  // Parts have gone out: the end of the stream has to tell.
  sluice_error failure = {};
  write(&failure, status, message);
  sluice_response response = {};
  response.struct_size = sizeof response;
  response.flags = SLUICE_FINAL;
  response.error = &failure;
  Unlocked others;
  request->host->respond(request, &response);
  return SLUICE_OK;
}

}  // namespace python

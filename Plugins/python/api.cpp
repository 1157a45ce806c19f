#include "api.h"

#include <dlfcn.h>
#include <unistd.h>

namespace python {

API api;

std::string API::fill(void *library) {
#define F(result, name, parameters)                                \
  name = reinterpret_cast<decltype(name)>(dlsym(library, #name)); \
  if (name == nullptr) return #name;
  SLUICE_PYTHON_FUNCTIONS(F)
#undef F
  None = static_cast<Object *>(dlsym(library, "_Py_NoneStruct"));
  if (None == nullptr) return "_Py_NoneStruct";
  auto error = static_cast<Object **>(dlsym(library, "PyExc_RuntimeError"));
  if (error == nullptr) return "PyExc_RuntimeError";
  RuntimeError = *error;
  return "";
}

namespace {
// One thread's place in Python, made at its first call and given back when the thread ends.
class Place {
 public:
  ~Place() {
    // The main thread ends with the process, which must not wait for a Python thread that keeps the lock.
    if (state_ == nullptr || gettid() == getpid()) return;
    api.PyEval_RestoreThread(state_);
    api.PyGILState_Release(ensured_);
  }
  void enter() {
    if (state_ == nullptr) {
      ensured_ = api.PyGILState_Ensure();
    } else {
      api.PyEval_RestoreThread(state_);
    }
    inside_ = true;
  }
  void leave() {
    inside_ = false;
    state_ = api.PyEval_SaveThread();
  }
  bool inside_ = false;

 private:
  ThreadState *state_ = nullptr;
  int ensured_ = 0;
};
thread_local Place place;
}  // namespace

Locked::Locked() : outermost_(!place.inside_) {
  if (outermost_) place.enter();
}
Locked::~Locked() {
  if (outermost_) place.leave();
}

Unlocked::Unlocked() : state_(api.PyEval_SaveThread()), inside_(place.inside_) { place.inside_ = false; }
Unlocked::~Unlocked() {
  api.PyEval_RestoreThread(state_);
  place.inside_ = inside_;
}

Ref checked(Object *object) {
  check(object != nullptr);
  return Ref(object);
}

void check(bool good) {
  if (good) return;
  Object *type = nullptr, *value = nullptr, *trace = nullptr;
  api.PyErr_Fetch(&type, &value, &trace);
  api.PyErr_NormalizeException(&type, &value, &trace);
  Ref owned[] = {Ref(type), Ref(value), Ref(trace)};
  Ref name(type == nullptr ? nullptr : api.PyObject_GetAttrString(type, "__name__"));
  Ref message(value == nullptr ? nullptr : api.PyObject_Str(value));
  std::string text = name ? text_of(name.get()) : "an unknown Python error";
  if (message) {
    const std::string detail = text_of(message.get());
    if (!detail.empty()) text += ": " + detail;
  }
  api.PyErr_Clear();
  throw Raised{text};
}

std::string text_of(Object *object) {
  Ref bytes(api.PyUnicode_AsUTF8String(object));
  char *data = nullptr;
  ssize_t length = 0;
  if (!bytes || api.PyBytes_AsStringAndSize(bytes.get(), &data, &length) != 0) {
    api.PyErr_Clear();
    return "?";
  }
  return std::string(data, static_cast<size_t>(length));
}

Ref text(const std::string &string) {
  return checked(api.PyUnicode_FromStringAndSize(string.data(), static_cast<ssize_t>(string.size())));
}

Ref none() {
  api.Py_IncRef(api.None);
  return Ref(api.None);
}

Ref text(const char *string) { return string == nullptr ? none() : text(std::string(string)); }

Ref integer(long long value) { return checked(api.PyLong_FromLongLong(value)); }

long long integer_of(Object *object) {
  const long long value = api.PyLong_AsLongLong(object);
  check(value != -1 || api.PyErr_Occurred() == nullptr);
  return value;
}

Object *item(Object *dictionary, const char *key) {
  Object *value = api.PyDict_GetItemString(dictionary, key);
  if (value == nullptr) throw Raised{std::string("the runtime said nothing of ") + key};
  return value;
}

}  // namespace python

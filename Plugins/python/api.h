// api.h - CPython's C API as this plugin uses it, looked up in a libpython that is opened at run time.
//
// Nothing of Python is needed to build, and one build runs with CPython 3.9 and every later one: only functions of the
// stable ABI are used, objects are opaque, and what is no part of that ABI (starting the interpreter) is in
// interpreter.cpp, version by version.
#ifndef SLUICE_PYTHON_API_H
#define SLUICE_PYTHON_API_H
#include <sys/types.h>

#include <cstddef>
#include <string>

namespace python {

struct Object;      // PyObject
struct ThreadState; // PyThreadState

// Py_buffer, whose layout the stable ABI fixes.
struct Buffer {
  void *buf;
  Object *obj;
  ssize_t len, itemsize;
  int readonly, ndim;
  char *format;
  ssize_t *shape, *strides, *suboffsets;
  void *internal;
};

// PyMethodDef.
struct Method {
  const char *name;
  Object *(*function)(Object *self, Object *arguments);
  int flags;
  const char *doc;
};

enum { METH_VARARGS = 1, PyBUF_SIMPLE = 0, PyBUF_READ = 0x100, Py_file_input = 257 };

#define SLUICE_PYTHON_FUNCTIONS(F)                                              \
  F(int, Py_IsInitialized, (void))                                              \
  F(const char *, Py_GetVersion, (void))                                        \
  F(int, PyGILState_Ensure, (void))                                             \
  F(void, PyGILState_Release, (int))                                            \
  F(ThreadState *, PyEval_SaveThread, (void))                                   \
  F(void, PyEval_RestoreThread, (ThreadState *))                                \
  F(void, Py_IncRef, (Object *))                                                \
  F(void, Py_DecRef, (Object *))                                                \
  F(Object *, Py_CompileString, (const char *, const char *, int))              \
  F(Object *, PyEval_EvalCode, (Object *, Object *, Object *))                  \
  F(Object *, PyImport_AddModule, (const char *))                               \
  F(Object *, PyModule_GetDict, (Object *))                                     \
  F(Object *, PyObject_GetAttrString, (Object *, const char *))                 \
  F(Object *, PyObject_CallObject, (Object *, Object *))                        \
  F(Object *, PyObject_Str, (Object *))                                         \
  F(int, PyObject_GetBuffer, (Object *, Buffer *, int))                         \
  F(void, PyBuffer_Release, (Buffer *))                                         \
  F(Object *, PyUnicode_FromStringAndSize, (const char *, ssize_t))             \
  F(Object *, PyUnicode_AsUTF8String, (Object *))                               \
  F(Object *, PyBytes_FromStringAndSize, (const char *, ssize_t))               \
  F(int, PyBytes_AsStringAndSize, (Object *, char **, ssize_t *))               \
  F(Object *, PyLong_FromLongLong, (long long))                                 \
  F(Object *, PyLong_FromUnsignedLongLong, (unsigned long long))                \
  F(long long, PyLong_AsLongLong, (Object *))                                   \
  F(Object *, PyFloat_FromDouble, (double))                                     \
  F(Object *, PyBool_FromLong, (long))                                          \
  F(Object *, PyTuple_New, (ssize_t))                                           \
  F(int, PyTuple_SetItem, (Object *, ssize_t, Object *))                        \
  F(Object *, PyTuple_GetItem, (Object *, ssize_t))                             \
  F(ssize_t, PyTuple_Size, (Object *))                                          \
  F(Object *, PyList_New, (ssize_t))                                            \
  F(int, PyList_SetItem, (Object *, ssize_t, Object *))                         \
  F(Object *, PyList_GetItem, (Object *, ssize_t))                              \
  F(ssize_t, PyList_Size, (Object *))                                           \
  F(Object *, PyDict_New, (void))                                               \
  F(Object *, PyDict_GetItemString, (Object *, const char *))                   \
  F(int, PyDict_SetItemString, (Object *, const char *, Object *))              \
  F(Object *, PyMemoryView_FromMemory, (char *, ssize_t, int))                  \
  F(Object *, PyCapsule_New, (void *, const char *, void (*)(Object *)))        \
  F(void *, PyCapsule_GetPointer, (Object *, const char *))                     \
  F(Object *, PyCFunction_NewEx, (Method *, Object *, Object *))                \
  F(Object *, PyErr_Occurred, (void))                                           \
  F(void, PyErr_Fetch, (Object **, Object **, Object **))                       \
  F(void, PyErr_NormalizeException, (Object **, Object **, Object **))          \
  F(void, PyErr_Clear, (void))                                                  \
  F(void, PyErr_SetString, (Object *, const char *))

// The functions, one pointer each; filled in once, before anything else here is used.
struct API {
#define F(result, name, parameters) result(*name) parameters;
  SLUICE_PYTHON_FUNCTIONS(F)
#undef F
  Object *RuntimeError, *None;

  // Looks everything up in an opened libpython; empty, or the name of what it lacks.
  std::string fill(void *library);
};
extern API api;

// A reference that this object owns.
class Ref {
 public:
  Ref() = default;
  explicit Ref(Object *object) : object_(object) {}
  Ref(Ref &&other) noexcept : object_(other.take()) {}
  Ref &operator=(Ref &&other) noexcept {
    if (this != &other) reset(other.take());
    return *this;
  }
  ~Ref() { reset(); }
  void reset(Object *object = nullptr) {
    if (object_ != nullptr) api.Py_DecRef(object_);
    object_ = object;
  }
  Object *get() const { return object_; }
  Object *take() {
    Object *object = object_;
    object_ = nullptr;
    return object;
  }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  Object *object_ = nullptr;
};

// A Python exception that is now C++'s.
struct Raised {
  std::string text; // "ValueError: ..."
};

// The object, or the exception that stands in its place, thrown as Raised.
Ref checked(Object *object);
void check(bool good);

// A str as UTF-8.
std::string text_of(Object *object);
Ref text(const std::string &string);
Ref text(const char *string); // None for NULL
Ref none();
Ref integer(long long value);
long long integer_of(Object *object);
// dict[key], borrowed.
Object *item(Object *dictionary, const char *key);
// A tuple of its arguments, which it takes over.
template <class... Refs>
Ref tuple(Refs... refs) {
  Ref result = checked(api.PyTuple_New(sizeof...(refs)));
  ssize_t index = 0;
  (check(api.PyTuple_SetItem(result.get(), index++, refs.take()) == 0), ...);
  return result;
}

// Holds Python's lock while it lives. The first use on a thread makes Python's record of that thread, which is kept
// until the thread ends: what Python code stores per thread stays there between requests.
class Locked {
 public:
  Locked();
  ~Locked();
  Locked(const Locked &) = delete;

 private:
  bool outermost_;
};

// Gives the lock to other threads for as long as it lives; only where the lock is held. Works on Python's own threads
// too, where a model's code may log.
class Unlocked {
 public:
  Unlocked();
  ~Unlocked();
  Unlocked(const Unlocked &) = delete;

 private:
  ThreadState *state_;
  bool inside_;
};

}  // namespace python
#endif

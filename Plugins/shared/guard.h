// guard.h - no exception leaves a plugin: what C++ code throws becomes an error.
#ifndef SLUICE_GUARD_H
#define SLUICE_GUARD_H
#include <exception>
#include <new>
#include <string>

#include "options.h"

namespace sluice {

// An error on its way to the host.
class Failure : public std::exception {
 public:
  Failure(sluice_status code, std::string text) : code(code), text_(std::move(text)) {}
  const char *what() const noexcept override { return text_.c_str(); }
  const sluice_status code;

 private:
  const std::string text_;
};

// Runs `body`, which returns a status; what it throws becomes an error.
template <class Body>
sluice_status guarded(sluice_error *error, const Body &body) noexcept {
  try {
    return body();
  } catch (const Failure &failure) {
    return fail(error, failure.code, "%.500s", failure.what());
  } catch (const std::bad_alloc &) {
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::exception &exception) {
    return fail(error, SLUICE_INTERNAL, "unexpected: %.200s", exception.what());
  } catch (...) {
    return fail(error, SLUICE_INTERNAL, "unexpected exception");
  }
}

// For the functions of options.h, which leave a status and fill in an error.
inline void check(sluice_status status, const sluice_error *error) {
  if (status != SLUICE_OK) throw Failure(status, error->message);
}

}  // namespace sluice

#endif

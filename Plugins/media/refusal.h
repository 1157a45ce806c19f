// refusal.h - the one way in which decoding fails: a status and a message for whoever sent the body.
#ifndef SLUICE_MEDIA_REFUSAL_H
#define SLUICE_MEDIA_REFUSAL_H
#include <exception>

#include "sluice_plugin.h"

namespace sluice_media {

// Never holds bytes of the body: messages reach logs.
class Refusal : public std::exception {
 public:
  Refusal(sluice_status status, const char *message);
  const char *what() const noexcept override { return text_; }
  sluice_status status() const { return status_; }

 private:
  sluice_status status_;
  char text_[sizeof sluice_error::message];
};

// Throws a Refusal that is the sender's fault.
[[noreturn]] __attribute__((format(printf, 1, 2))) void refuse(const char *format, ...);
// Throws one with another status.
[[noreturn]] __attribute__((format(printf, 2, 3))) void refuse_with(sluice_status status, const char *format, ...);

}  // namespace sluice_media
#endif

#include "refusal.h"

#include <cstdarg>
#include <cstdio>

namespace sluice_media {

Refusal::Refusal(sluice_status status, const char *message) : status_(status) {
  std::snprintf(text_, sizeof text_, "%s", message);
}

void refuse(const char *format, ...) {
  char text[sizeof sluice_error::message];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  throw Refusal(SLUICE_INVALID_ARGUMENT, text);
}

void refuse_with(sluice_status status, const char *format, ...) {
  char text[sizeof sluice_error::message];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  throw Refusal(status, text);
}

}  // namespace sluice_media

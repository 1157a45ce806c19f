// wide.h - inner loops compiled twice: for any processor, and for one with wider vectors.
#ifndef SLUICE_MEDIA_WIDE_H
#define SLUICE_MEDIA_WIDE_H

#if defined(__x86_64__)
#include <immintrin.h>
#define SLUICE_WIDE __attribute__((target("avx2")))
#endif

namespace sluice_media {

// A loop is a struct with a static `run`, which both of its compilations take in.
#define SLUICE_LOOP inline __attribute__((always_inline))

// Whether this processor has the wider vectors. Numbers are the same with and without them.
inline bool is_wide() {
#if defined(__x86_64__)
  static const bool is = __builtin_cpu_supports("avx2") != 0;
  return is;
#else
  return false;
#endif
}

#if defined(__x86_64__)
template <class Loop, class... Arguments> SLUICE_WIDE void run_wide(Arguments... arguments) { Loop::run(arguments...); }

template <class Loop, class... Arguments> void run(Arguments... arguments) {
  is_wide() ? run_wide<Loop>(arguments...) : Loop::run(arguments...);
}
#else
template <class Loop, class... Arguments> void run(Arguments... arguments) { Loop::run(arguments...); }
#endif

}  // namespace sluice_media
#endif

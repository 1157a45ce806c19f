/* functions.c - a library that knows nothing of Sluice; test_ffi.c calls it by signatures. */
#include <stdbool.h>
#include <stdint.h>

/* The header's own example: a score for each of n rows. */
int32_t score(const float *in, int64_t n, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = in[4 * i] + 2 * in[4 * i + 1] - in[4 * i + 2] * in[4 * i + 3];
  return 0;
}

int32_t refuse(const float *in, int32_t n, float *out) {
  (void)in, (void)n, (void)out;
  return -7;
}

double weighted(const double *x, const double *w, uint16_t n, double bias, bool negate) {
  double sum = bias;
  for (uint16_t i = 0; i < n; i++) sum += x[i] * w[i];
  return negate ? -sum : sum;
}

void top(const int32_t *values, uint64_t n, int8_t k, int32_t *out, int64_t *out_at) {
  for (int8_t j = 0; j < k; j++) {
    int64_t best = -1;
    for (uint64_t i = 0; i < n; i++) {
      bool is_taken = false;
      for (int8_t t = 0; t < j; t++) is_taken |= out_at[t] == (int64_t)i;
      if (!is_taken && (best < 0 || values[i] > values[best])) best = (int64_t)i;
    }
    out_at[j] = best;
    if (best >= 0) out[j] = values[best];
  }
}

uint8_t highest(const uint8_t *in, int64_t n) {
  uint8_t most = 0;
  for (int64_t i = 0; i < n; i++) most = in[i] > most ? in[i] : most;
  return most;
}

int16_t negative(int16_t x) { return (int16_t)-x; }

void fill_none(float *out) { (void)out; }

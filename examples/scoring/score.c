/* How likely a loan is to be repaid, by a formula that somebody once fitted: nothing here knows of Sluice. */
#include <math.h>
#include <stdint.h>

int32_t score(const double *in, int64_t n, double *out) {
  for (int64_t i = 0; i < n; i++) { /* a row: income and debt in thousands, age, missed payments */
    const double *row = in + 4 * i;
    out[i] = 1 / (1 + exp(-(0.04 * row[0] - 0.06 * row[1] + 0.02 * row[2] - 0.9 * row[3])));
  }
  return 0;
}

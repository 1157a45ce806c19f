/* Exact conversion between numbers and their shortest text, by the C++ standard library's <charconv>. */
#ifndef SLUICE_NUMBER_TEXT_H
#define SLUICE_NUMBER_TEXT_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
#define SLUICE_NUMBER_TEXT __attribute__((visibility("default")))

/* Writes the shortest text that reads back as the same value; returns its length, at most 32. Finite values only. */
SLUICE_NUMBER_TEXT size_t sluice_write_float(char *out, float value);
SLUICE_NUMBER_TEXT size_t sluice_write_double(char *out, double value);

/* Reads one decimal number (optional minus, no plus, no leading space, no inf/nan); returns the bytes it took, 0 when
 * there is none. Correctly rounded; too large gives infinity, too small gives zero. */
SLUICE_NUMBER_TEXT size_t sluice_read_float(const char *text, size_t length, float *value);
SLUICE_NUMBER_TEXT size_t sluice_read_double(const char *text, size_t length, double *value);

/* Compares the number in the text (no sign) with a finite value >= 0, exactly: below 0 where the text is smaller, 0
 * where they are equal. `order` is n where the text's number is in [10^(n-1), 10^n). */
SLUICE_NUMBER_TEXT int sluice_compare(const char *text, size_t length, ptrdiff_t order, double value);
#ifdef __cplusplus
}
#endif
#endif

#include "number_text.h"
#include "shortest_float.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace {

template <typename Number> size_t write(char *out, Number value) {
    return static_cast<size_t>(std::to_chars(out, out + 32, value).ptr - out);
}

// On a range error from_chars leaves the value alone: the exponent's sign then tells overflow from underflow.
template <typename Number> size_t read(const char *text, size_t length, Number *value) {
    const char *end = text + length;
    const char *digits = text + (length > 0 && *text == '-' ? 1 : 0);
    if (digits == end || ((*digits < '0' || *digits > '9') && *digits != '.')) return 0;
    auto [stop, error] = std::from_chars(text, end, *value, std::chars_format::general);
    if (error == std::errc::invalid_argument) return 0;
    if (error == std::errc::result_out_of_range) {
        long double wide = 0;
        auto again = std::from_chars(text, end, wide, std::chars_format::general);
        bool large = again.ec == std::errc() ? std::fabs(wide) > 1 : false;
        if (again.ec == std::errc::result_out_of_range) {
            // Beyond long double too: a negative exponent means tiny.
            large = true;
            for (const char *p = text; p < stop; ++p)
                if ((*p == 'e' || *p == 'E') && p + 1 < stop && p[1] == '-') large = false;
        }
        Number magnitude = large ? std::numeric_limits<Number>::infinity() : Number(0);
        *value = *text == '-' ? -magnitude : magnitude;
    }
    return static_cast<size_t>(stop - text);
}

} // namespace

int sluice_compare(const char *text, size_t length, ptrdiff_t order, double value) {
    // A double has at most 767 significant digits, so this is all of it: d.ddd...e+xx.
    char exact[800];
    auto [stop, error] = std::to_chars(exact, exact + sizeof exact, value, std::chars_format::scientific, 766);
    if (error != std::errc()) return 0;
    long exponent = 0;
    const char *mark = stop;
    while (mark > exact && *mark != 'e') --mark;
    for (const char *p = mark + 2; p < stop; ++p) exponent = exponent * 10 + (*p - '0');
    if (mark[1] == '-') exponent = -exponent;
    if (order != exponent + 1) return order < exponent + 1 ? -1 : 1;

    const char *end = text + length, *known = exact;
    while (text < end && (*text == '0' || *text == '.')) ++text;
    for (;;) {
        if (known < mark && *known == '.') ++known;
        if (text < end && *text == '.') ++text;
        bool more = text < end && *text >= '0' && *text <= '9';
        if (!more && known == mark) return 0;
        char left = more ? *text++ : '0', right = known < mark ? *known++ : '0';
        if (left != right) return left < right ? -1 : 1;
    }
}

size_t sluice_write_float(char *out, float value) {
    // Three times as fast as the library where no exponent is needed: most of what models answer.
    if (size_t length = shortest::write(out, value)) return length;
    return write(out, value);
}
size_t sluice_write_double(char *out, double value) { return write(out, value); }
size_t sluice_read_float(const char *text, size_t length, float *value) { return read(text, length, value); }
size_t sluice_read_double(const char *text, size_t length, double *value) { return read(text, length, value); }

// The floor of `make bench`'s parsing of JSON: simdjson reads the rows that `row-cost` does, into an array of floats.
//
//     rows ROWS
//
// Prints MB of text a second of CPU, the best of three times, for each of row-cost's kinds of numbers: "short 812".

#include <simdjson.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr int columns = 4;

uint64_t next(uint64_t &state) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

void append_short(std::string &text, uint64_t &state) {
    const uint64_t tenths = next(state) % 80;
    text += char('0' + tenths / 10);
    text += '.';
    text += char('0' + tenths % 10);
}

void append_long(std::string &text, uint64_t &state) {
    char digits[32];
    const auto value = float(double(next(state) % 1000000007) / 500000003 - 1);
    text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

double now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

std::vector<float> read(simdjson::ondemand::parser &parser, const simdjson::padded_string &text) {
    std::vector<float> values;
    simdjson::ondemand::document document = parser.iterate(text);
    for (simdjson::ondemand::array row : document.get_array()) {
        for (double value : row) values.push_back(float(value));
    }
    return values;
}

void measure(const char *name, size_t rows, void (*append)(std::string &, uint64_t &)) {
    std::string body = "[";
    uint64_t state = 7;
    for (size_t row = 0; row < rows; ++row) {
        body += row == 0 ? "[" : ",[";
        for (int column = 0; column < columns; ++column) {
            if (column > 0) body += ',';
            append(body, state);
        }
        body += ']';
    }
    body += ']';
    const simdjson::padded_string text(body);
    simdjson::ondemand::parser parser;
    double best = 1e9;
    for (int turn = 0; turn < 3; ++turn) {
        const double begin = now();
        if (read(parser, text).size() != rows * columns) std::abort();
        const double time = now() - begin;
        if (time < best) best = time;
    }
    std::printf("%s %.0f\n", name, double(body.size()) / 1e6 / best);
}

}  // namespace

int main(int count, char **arguments) {
    const size_t rows = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 400000;
    measure("short", rows, append_short);
    measure("long", rows, append_long);
}

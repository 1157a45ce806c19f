// replies - what the reader of answers over HTTP/1.1 makes of good ones and bad ones; and all that fuzzing has found.
#include <dirent.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "../reply.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

using State = remote::Reply::State;
int failures = 0;

struct Case {
  const char *bytes;
  State state;
  const char *body;  // of an answer; else a part of what is wrong
  size_t behind = 0;  // bytes that aren't the answer's
  bool keeps_open = true;
};

const Case cases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", State::done, "hi"},
    {"HTTP/1.1 200\r\ncontent-length:2\r\n\r\nhi", State::done, "hi"},
    {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", State::done, "hi"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", State::done, "hi"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", State::done, ""},
    {"HTTP/1.1 204 No Content\r\n\r\n", State::done, ""},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", State::done, ""},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", State::done, "hi"},
    {"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", State::done, "hi"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nh\r\n01\r\ni\r\n0\r\nTrailer: x\r\n\r\n", State::done, "hi"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", State::done, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1", State::done, "hi", 8},
    {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nhi", State::done, "hi", 0, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", State::done, "hi", 0, false},
    {"HTTP/1.1 200 OK\r\n\r\nto the end", State::done, "to the end", 0, false},
    {"", State::more, ""},
    {"HTTP/1.1 200", State::more, ""},
    {"HTTP/1.1 200 OK\r\nContent-Le", State::more, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", State::more, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", State::more, ""},
    {"SSH-2.0-OpenSSH_9.2\r\n", State::bad, "no HTTP"},
    {"H2", State::bad, "no HTTP"},
    {"HTTP/2 200 OK\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.2 200 OK\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 20x OK\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 099 Odd\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 2000 OK\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nA: b\r\n folded: c\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nA: b\rContent-Length: 2\r\n\r\nhi", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", State::bad, "two lengths"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", State::bad, "two lengths"},
    {"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi", State::bad, "two lengths"},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", State::bad, "two lengths"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", State::bad, "two lengths"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", State::bad, "two lengths"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", State::bad, "longer than max_answer"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"
     "0123456789012345678901234567890123456789012345678901234567890123456789", State::bad, "longer than max_answer"},
    {"HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789", State::bad, "longer than max_answer"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", State::bad, "coding"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", State::bad, "coding"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nh\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", State::bad, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n", State::bad, "no HTTP"},
};

// In pieces of every size.
void check(const Case &one) {
  const std::string_view bytes(one.bytes);
  for (size_t step = 1; step <= bytes.size() + 1; step++) {
    remote::Exchange exchange;
    exchange.max_bytes = 64;
    remote::Reply reply;
    reply.start(exchange);
    State state = State::more;
    size_t at = 0;
    while (state == State::more && at < bytes.size()) {
      size_t taken = 0;
      state = reply.take(bytes.substr(at, step), taken);
      at += taken;
    }
    if (state == State::more) state = reply.end();
    bool is_right = state == one.state;
    if (state == State::bad) is_right = is_right && exchange.problem.find(one.body) != std::string::npos;
    if (state == State::done) {
      is_right = is_right && exchange.data == one.body && bytes.size() - at == one.behind && reply.keeps_open() == one.keeps_open;
    }
    if (is_right) continue;
    failures++;
    std::fprintf(stderr, "in pieces of %zu: state %d, \"%s\", \"%s\", after %zu bytes of %s\n", step, static_cast<int>(state),
                 exchange.data.c_str(), exchange.problem.c_str(), at, one.bytes);
  }
}

void check_bounds() {
  for (const bool is_lines : {false, true}) {
    std::string text = "HTTP/1.1 200 OK\r\n";
    while (text.size() < 80'000) text += is_lines ? "a: b\r\n" : "aaaaaa";
    remote::Exchange exchange;
    exchange.max_bytes = 64;
    remote::Reply reply;
    reply.start(exchange);
    size_t taken = 0;
    if (reply.take(text, taken) == State::bad && exchange.problem.find("64 KiB") != std::string::npos) continue;
    failures++;
    std::fprintf(stderr, "80 KB of header fields are taken\n");
  }
}

void check_fields() {
  remote::Exchange exchange;
  exchange.max_bytes = 64;
  remote::Reply reply;
  reply.start(exchange);
  size_t taken = 0;
  const State state = reply.take(
      "HTTP/1.1 503 Busy\r\nCONTENT-TYPE:  text/plain \r\nRetry-After: 1\r\nInference-Header-Content-Length: 1\r\n"
      "Content-Length: 2\r\n\r\nhi", taken);
  if (state == State::done && exchange.status == 503 && exchange.content_type == "text/plain" && exchange.is_busy &&
      exchange.json_length == 1) {
    return;
  }
  failures++;
  std::fprintf(stderr, "header fields are read wrongly\n");
}

size_t check_corpus(const char *folder) {
  size_t count = 0;
  DIR *const directory = opendir(folder);
  while (const dirent *entry = directory == nullptr ? nullptr : readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    std::ifstream file(std::string(folder) + "/" + entry->d_name, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
    count++;
  }
  if (directory != nullptr) closedir(directory);
  return count;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  for (const Case &one : cases) {
    check(one);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(one.bytes), std::strlen(one.bytes));
  }
  check_bounds();
  check_fields();
  if (check_corpus(argv[1]) < 20) {
    failures++;
    std::fprintf(stderr, "%s has no findings of earlier runs\n", argv[1]);
  }
  std::printf("%s remote replies\n", failures == 0 ? "passed" : "FAILED");
  return failures == 0 ? 0 : 1;
}

// text.h - what of a text that is still being written may go out: no character that is cut, and nothing that may yet
// turn out to be a stop.
#ifndef SLUICE_LLAMA_TEXT_H
#define SLUICE_LLAMA_TEXT_H
#include <algorithm>
#include <string>
#include <vector>

namespace llm {

// A plain state machine: pieces go in, text comes out.
class OutgoingText {
 public:
  explicit OutgoingText(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Takes a piece in and returns what may go out. After a stop was met nothing more comes.
  std::string take(const std::string &piece) {
    held_ += piece;
    size_t end = std::string::npos;
    for (const std::string &stop : stops_) end = std::min(end, held_.find(stop));
    if (end != std::string::npos) {
      stopped_ = true;
      return release(end);
    }
    return release(held_.size() - std::max(possible_stop(), cut_character()));
  }

  // What is left when nothing follows.
  std::string rest() { return stopped_ ? std::string() : release(held_.size()); }

  bool stopped() const { return stopped_; }

 private:
  std::string release(size_t size) {
    std::string text = held_.substr(0, size);
    held_.erase(0, size);
    return text;
  }

  // How many bytes at the end may be the beginning of a stop.
  size_t possible_stop() const {
    size_t most = 0;
    for (const std::string &stop : stops_) {
      for (size_t size = std::min(stop.size() - 1, held_.size()); size > most; size--) {
        if (held_.compare(held_.size() - size, size, stop, 0, size) == 0) most = size;
      }
    }
    return most;
  }

  // How many bytes at the end are a character of UTF-8 that isn't whole yet.
  size_t cut_character() const {
    for (size_t back = 1; back <= std::min<size_t>(3, held_.size()); back++) {
      const auto byte = static_cast<unsigned char>(held_[held_.size() - back]);
      if ((byte & 0xC0) == 0x80) continue;
      const size_t whole = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
      return whole > back ? back : 0;
    }
    return 0;
  }

  const std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace llm

#endif

// events.h - server-sent events, as far as models send them.
#ifndef SLUICE_REMOTE_EVENTS_H
#define SLUICE_REMOTE_EVENTS_H
#include <string>
#include <string_view>

#include "tensors.h"

namespace remote {

// A plain state machine: bytes go in, the data of whole events come out.
class EventReader {
 public:
  // Calls `event` with the data of each event; false as soon as that says false.
  template <class Event>
  bool take(std::string_view bytes, const Event &event) {
    while (!bytes.empty()) {
      const size_t end = bytes.find_first_of("\r\n");
      line_ += bytes.substr(0, end);
      if (line_.size() + data_.size() > longest) throw lie("sends an event of more than 16 MiB");
      if (end == std::string_view::npos) return true;
      const bool is_second = bytes[end] == '\n' && line_.empty() && after_return_ && end == 0;
      after_return_ = bytes[end] == '\r';
      bytes.remove_prefix(end + 1);
      if (is_second) continue;  // the other half of the end of a line
      const std::string line = std::move(line_);
      line_.clear();
      if (!line.empty()) {
        field(line);
      } else if (has_data_) {
        const std::string data = std::move(data_);
        data_.clear();
        has_data_ = false;
        if (!event(data)) return false;
      }
    }
    return true;
  }

  // Whether nothing is begun and not ended.
  bool is_between() const { return line_.empty() && !has_data_; }

 private:
  static constexpr size_t longest = 16 << 20;

  void field(const std::string &line) {
    if (line.compare(0, 5, "data:") != 0) return;
    if (has_data_) data_ += '\n';
    has_data_ = true;
    data_.append(line, line.size() > 5 && line[5] == ' ' ? 6 : 5);
  }

  std::string line_, data_;
  bool has_data_ = false, after_return_ = false;
};

}  // namespace remote

#endif

// body.h - what is sent: text and small tensors in one piece, large tensors from where they lie.
#ifndef SLUICE_REMOTE_BODY_H
#define SLUICE_REMOTE_BODY_H
#include <cstring>
#include <string>
#include <vector>

namespace remote {

class Body {
 public:
  // The end of what is there, to append to.
  std::string &text() { return text_; }
  const std::string &text() const { return text_; }

  // Memory that stays as it is until the body has been sent.
  void lend(const void *data, size_t size) {
    if (size == 0) return;
    if (size <= largest_copy) {
      text_.append(static_cast<const char *>(data), size);
      return;
    }
    lent_.push_back({text_.size(), static_cast<const char *>(data), size});
    lent_bytes_ += size;
  }

  size_t size() const { return text_.size() + lent_bytes_; }
  bool is_one_piece() const { return lent_.empty(); }

  // Copies up to `room` bytes from `position` on, which only grows, but for a start over at 0.
  size_t read(size_t position, char *to, size_t room) const {
    size_t done = 0, begin = 0, text_begin = 0;
    const auto take = [&](const char *from, size_t size) {
      if (position + done < begin + size && done < room) {
        const size_t skip = position + done - begin;
        const size_t count = size - skip < room - done ? size - skip : room - done;
        std::memcpy(to + done, from + skip, count);
        done += count;
      }
      begin += size;
    };
    for (const Lent &piece : lent_) {
      take(text_.data() + text_begin, piece.at - text_begin);
      text_begin = piece.at;
      take(piece.data, piece.size);
    }
    take(text_.data() + text_begin, text_.size() - text_begin);
    return done;
  }

  // Calls `take` with the address and size of each piece, in their order.
  template <class Take>
  void each_piece(const Take &take) const {
    size_t begin = 0;
    for (const Lent &piece : lent_) {
      if (piece.at > begin) take(text_.data() + begin, piece.at - begin);
      begin = piece.at;
      take(piece.data, piece.size);
    }
    if (text_.size() > begin) take(text_.data() + begin, text_.size() - begin);
  }

  void clear() {
    if (text_.capacity() > largest_kept) std::string().swap(text_);
    text_.clear();
    lent_.clear();
    lent_bytes_ = 0;
  }

  static constexpr size_t largest_copy = 16 << 10, largest_kept = 1 << 20;

 private:
  struct Lent {
    size_t at;  // in the text
    const char *data;
    size_t size;
  };

  std::string text_;
  std::vector<Lent> lent_;
  size_t lent_bytes_ = 0;
};

}  // namespace remote

#endif

#include "labels.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "model.h"

namespace sluice_ort {
namespace {

constexpr const char *usual_keys[] = {"names", "labels", "classes", "class_names", "id2label"};
constexpr size_t most_labels = 1 << 20, longest_file = 64 << 20;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string trimmed(const std::string &text) {
  size_t begin = 0, end = text.size();
  while (begin < end && is_space(text[begin])) begin++;
  while (end > begin && is_space(text[end - 1])) end--;
  return text.substr(begin, end - begin);
}

// A list or a map, read from left to right.
class Reader {
 public:
  explicit Reader(const std::string &text) : text_(text) {}

  bool read(std::vector<std::string> &names) {
    const char open = next();
    if (open != '[' && open != '{' && open != '(') return false;
    const char close = open == '[' ? ']' : open == '{' ? '}' : ')';
    while (true) {
      skip();
      if (at_ < text_.size() && text_[at_] == close) break;
      std::string name;
      if (!word(name)) return false;
      if (open == '{') {
        size_t place = 0;
        for (const char c : name) {
          if (c < '0' || c > '9' || place > most_labels) return false;
          place = place * 10 + static_cast<size_t>(c - '0');
        }
        // In the order of their numbers, without a hole.
        if (name.empty() || place != names.size() || next() != ':' || !word(name)) return false;
      }
      names.push_back(name);
      skip();
      if (at_ < text_.size() && text_[at_] == ',') {
        at_++;
      } else if (at_ >= text_.size() || text_[at_] != close) {
        return false;
      }
    }
    at_++;
    skip();
    return at_ == text_.size();
  }

 private:
  void skip() {
    while (at_ < text_.size() && is_space(text_[at_])) at_++;
  }
  char next() {
    skip();
    return at_ < text_.size() ? text_[at_++] : '\0';
  }

  // In quotes, or bare up to what ends it.
  bool word(std::string &word) {
    word.clear();
    skip();
    if (at_ >= text_.size()) return false;
    const char quote = text_[at_];
    if (quote != '"' && quote != '\'') {
      while (at_ < text_.size() && std::strchr(",:]})", text_[at_]) == nullptr) word += text_[at_++];
      word = trimmed(word);
      return !word.empty();
    }
    for (at_++; at_ < text_.size() && text_[at_] != quote; at_++) {
      if (text_[at_] == '\\' && ++at_ < text_.size() && text_[at_] != quote && text_[at_] != '\\' && text_[at_] != '/') return false;
      if (at_ < text_.size()) word += text_[at_];
    }
    return at_ < text_.size() && text_[at_++] == quote;
  }

  const std::string &text_;
  size_t at_ = 0;
};

float from_half(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction != 0 ? NAN : sign != 0 ? -INFINITY : INFINITY;
  const float size = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                   : std::ldexp(static_cast<float>(fraction + 1024), static_cast<int>(exponent) - 25);
  return sign != 0 ? -size : size;
}

float from_bfloat(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float number;
  std::memcpy(&number, &wide, sizeof number);
  return number;
}

template <class Element, class Convert>
std::vector<size_t> best(const void *data, size_t rows, size_t classes, const Convert &convert) {
  const auto *scores = static_cast<const Element *>(data);
  std::vector<size_t> found(rows, SIZE_MAX);
  for (size_t row = 0; row < rows; row++, scores += classes) {
    double highest = 0;
    for (size_t i = 0; i < classes; i++) {
      const double score = convert(scores[i]);
      if (std::isnan(score) || (found[row] != SIZE_MAX && score <= highest)) continue;
      found[row] = i;
      highest = score;
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> names_in(const std::string &text) {
  const std::string whole = trimmed(text);
  std::vector<std::string> names;
  if (whole.empty()) return names;
  if (whole[0] == '[' || whole[0] == '{' || whole[0] == '(') {
    if (!Reader(whole).read(names)) names.clear();
    return names;
  }
  const char end = whole.find('\n') != std::string::npos ? '\n' : ',';
  for (size_t at = 0; at <= whole.size();) {
    const size_t stop = std::min(whole.find(end, at), whole.size());
    names.push_back(trimmed(whole.substr(at, stop - at)));
    at = stop + 1;
  }
  return names;
}

sluice_status read_labels(const sluice_load_args *args, const std::vector<std::pair<std::string, std::string>> &metadata,
                          const std::vector<Port> &outputs, Labels &labels, sluice_error *error) {
  bool is_wanted = false;
  for (size_t i = 0; i < args->option_count; i++) {
    const char *key = args->options[i].key;
    if (std::strncmp(key, "labels.", 7) == 0) {
      is_wanted = true;
      const char *const name = key + 7;
      if (std::strcmp(name, "of") != 0 && std::strcmp(name, "key") != 0 && std::strcmp(name, "file") != 0 &&
          std::strcmp(name, "name") != 0) {
        return fail(error, SLUICE_INVALID_ARGUMENT, "config.%.64s: unknown setting; there are of, key, file, name", key);
      }
    } else if (std::strcmp(key, "labels") == 0) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels: expected { of: OUTPUT }");
    }
  }
  if (!is_wanted) return SLUICE_OK;

  const char *of = option_text(args, "labels.of", nullptr);
  if (of == nullptr) return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels.of is missing: it names the output with the scores");
  size_t place = 0;
  while (place < outputs.size() && outputs[place].name != of) place++;
  if (place == outputs.size()) return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels.of: the model has no output \"%.64s\"", of);
  const Port &scores = outputs[place];
  const int32_t code = scores.type->dtype.code;
  if ((code != SLUICE_FLOAT && code != SLUICE_BFLOAT) || scores.shape.empty()) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels.of: \"%.64s\" has no scores along its last dimension", of);
  }
  labels.scores = place;
  labels.name = option_text(args, "labels.name", "label");
  for (const Port &port : outputs) {
    if (port.name != labels.name) continue;
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels.name: the model has an output \"%.64s\" already", labels.name.c_str());
  }

  const char *file = option_text(args, "labels.file", nullptr);
  std::string from;
  if (file != nullptr) {
    const std::string path = file[0] == '/' ? file : std::string(args->path) + "/" + file;
    std::ifstream stream(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (!stream.is_open() || text.size() > longest_file) {
      return fail(error, SLUICE_NOT_FOUND, "config.labels.file: %.380s can't be read", path.c_str());
    }
    labels.texts = names_in(text);
    from = "file";
  } else {
    const char *key = option_text(args, "labels.key", nullptr);
    const std::string *text = nullptr;
    for (const char *usual : usual_keys) {
      for (const auto &[name, value] : metadata) {
        if (text == nullptr && name == (key == nullptr ? usual : key)) text = &value;
      }
    }
    if (text == nullptr) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels: the model's metadata has no %s%.64s: name another key, or a file",
                  key == nullptr ? "names, labels, classes, class_names or id2label" : "", key == nullptr ? "" : key);
    }
    labels.texts = names_in(*text);
    from = "key";
  }
  if (labels.texts.empty() || labels.texts.size() > most_labels) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels.%s: expected a list of names, a map from 0, 1, 2, … to them, or one on each line",
                from.c_str());
  }
  const int64_t classes = scores.shape.back();
  if (classes >= 0 && static_cast<size_t>(classes) != labels.texts.size()) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.labels: there are %zu names, but \"%.64s\" has %lld classes", labels.texts.size(), of,
                static_cast<long long>(classes));
  }
  return SLUICE_OK;
}

std::vector<size_t> best_classes(const sluice_tensor &scores, size_t classes) {
  size_t rows = 1;
  for (int32_t axis = 0; axis + 1 < scores.ndim; axis++) rows *= static_cast<size_t>(scores.shape[axis]);
  if (scores.dtype.code == SLUICE_BFLOAT) return best<uint16_t>(scores.data, rows, classes, from_bfloat);
  switch (scores.dtype.bits) {
    case 16: return best<uint16_t>(scores.data, rows, classes, from_half);
    case 32: return best<float>(scores.data, rows, classes, [](float score) { return score; });
    default: return best<double>(scores.data, rows, classes, [](double score) { return score; });
  }
}

}  // namespace sluice_ort

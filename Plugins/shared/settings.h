// settings.h - a model's `config:` block for C++: what is wrong is thrown as a Failure.
#ifndef SLUICE_SETTINGS_H
#define SLUICE_SETTINGS_H
#include <string>
#include <vector>

#include "guard.h"

namespace sluice {

class Settings {
 public:
  // `known` are all the settings that this plugin reads; another one is refused.
  Settings(const sluice_load_args *args, std::vector<const char *> known) : args_(args) {
    known.push_back(nullptr);
    sluice_error error = {};
    check(options_refuse_unknown(args, known.data(), &error), &error);
  }

  // "" where it isn't there.
  std::string text(const char *key) const { return option_text(args_, key, ""); }

  int64_t integer(const char *key, int64_t fallback, int64_t least, int64_t most) const {
    sluice_error error = {};
    check(option_integer(args_, key, least, most, &fallback, &error), &error);
    return fallback;
  }

  bool flag(const char *key, bool fallback) const {
    int value = fallback ? 1 : 0;
    sluice_error error = {};
    check(option_boolean(args_, key, &value, &error), &error);
    return value != 0;
  }

  // The position of the value among the choices; the first one is the default.
  int choice(const char *key, std::vector<const char *> choices) const {
    choices.push_back(nullptr);
    int chosen = 0;
    sluice_error error = {};
    check(option_choice(args_, key, choices.data(), &chosen, &error), &error);
    return chosen;
  }

  // A list of texts; one text alone is a list, too.
  std::vector<std::string> list(const std::string &key) const {
    std::vector<std::string> items;
    if (const char *only = option_text(args_, key.c_str(), nullptr)) items.push_back(only);
    for (size_t i = 0;; i++) {
      const char *item = option_text(args_, (key + "." + std::to_string(i)).c_str(), nullptr);
      if (item == nullptr) return items;
      items.push_back(item);
    }
  }

 private:
  const sluice_load_args *const args_;
};

}  // namespace sluice

#endif

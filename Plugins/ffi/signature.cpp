#include "signature.h"

#include <cctype>
#include <set>

namespace ffi {
namespace {

const Type types[] = {
    {"bool", &ffi_type_uint8, {SLUICE_BOOL, 8, 1}, 1},   {"i8", &ffi_type_sint8, {SLUICE_INT, 8, 1}, 1},
    {"i16", &ffi_type_sint16, {SLUICE_INT, 16, 1}, 2},   {"i32", &ffi_type_sint32, {SLUICE_INT, 32, 1}, 4},
    {"i64", &ffi_type_sint64, {SLUICE_INT, 64, 1}, 8},   {"u8", &ffi_type_uint8, {SLUICE_UINT, 8, 1}, 1},
    {"u16", &ffi_type_uint16, {SLUICE_UINT, 16, 1}, 2},  {"u32", &ffi_type_uint32, {SLUICE_UINT, 32, 1}, 4},
    {"u64", &ffi_type_uint64, {SLUICE_UINT, 64, 1}, 8},  {"f32", &ffi_type_float, {SLUICE_FLOAT, 32, 1}, 4},
    {"f64", &ffi_type_double, {SLUICE_FLOAT, 64, 1}, 8},
};

// Reads a signature from left to right.
class Reader {
 public:
  explicit Reader(const std::string &text) : text_(text) {}

  [[noreturn]] void refuse(const std::string &reason) const {
    const std::string rest = text_.substr(at_, 16);
    throw SignatureError("config.signature: " + reason + (rest.empty() ? " at the end" : " at \"" + rest + "\""));
  }

  bool take(const std::string &word) {
    skip();
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }

  void require(const std::string &word, const char *what) {
    if (!take(word)) refuse("expected " + word + " " + what);
  }

  // A name or a number; empty where there is neither.
  std::string word() {
    skip();
    const size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) at_++;
    return text_.substr(start, at_ - start);
  }

  std::string name(const char *of) {
    skip();
    const bool starts_with_digit = at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0;
    if (starts_with_digit) refuse("a name starts with a letter");
    const std::string found = word();
    if (found.empty()) refuse(std::string("expected the name of ") + of);
    return found;
  }

  const Type *type() {
    const size_t start = at_;
    const std::string found = word();
    std::string listed;
    for (const Type &type : types) {
      if (found == type.name) return &type;
      listed += (listed.empty() ? "" : ", ") + std::string(type.name);
    }
    at_ = start;
    skip();
    refuse("expected a type (" + listed + ")");
  }

  Extent extent() {
    const size_t start = at_;
    const std::string found = word();
    if (found.empty()) refuse("expected a size or its name");
    Extent extent;
    if (!std::isdigit(static_cast<unsigned char>(found[0]))) {
      extent.name = found;
      return extent;
    }
    if (found.size() > 12 || found.find_first_not_of("0123456789") != std::string::npos || std::stoll(found) < 1) {
      at_ = start;
      refuse("a size is a whole number from 1 on");
    }
    extent.size = std::stoll(found);
    return extent;
  }

  bool is_at_end() {
    skip();
    return at_ == text_.size();
  }

 private:
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) at_++;
  }
  const std::string &text_;
  size_t at_ = 0;
};

bool is_output_name(const std::string &name) {
  return name.compare(0, 3, "out") == 0 && (name.size() == 3 || !std::isalpha(static_cast<unsigned char>(name[3])));
}

int64_t size_of(const std::string &name, const std::string &text) {
  const bool is_size = !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_size || std::stoll(text) < 1) {
    throw SignatureError("config.values." + name + ": a size is a whole number from 1 on, not \"" + text + "\"");
  }
  return std::stoll(text);
}

Parameter read_parameter(Reader &reader) {
  Parameter parameter;
  const bool says_out = reader.take("out ");
  const bool says_in = !says_out && reader.take("in ");
  parameter.type = reader.type();
  parameter.name = reader.name("a parameter");
  parameter.role = Parameter::Role::scalar;
  if (reader.take("[")) {
    do {
      parameter.shape.push_back(reader.extent());
    } while (reader.take(","));
    reader.require("]", "after an array's sizes");
    parameter.role = says_out || (!says_in && is_output_name(parameter.name)) ? Parameter::Role::output
                                                                              : Parameter::Role::input;
  } else if (says_out) {
    reader.refuse("an output is an array: write " + std::string(parameter.type->name) + " " + parameter.name + "[1]");
  }
  return parameter;
}

}  // namespace

Signature::Signature(const std::string &text, const std::map<std::string, std::string> &values) {
  Reader reader(text);
  reader.require("(", "first");
  if (!reader.take(")")) {
    do {
      parameters.push_back(read_parameter(reader));
    } while (reader.take(","));
    reader.require(")", "or , after a parameter");
  }
  if (reader.take("->") && !reader.take("void")) {
    result = reader.type();
    if (!reader.is_at_end()) result_name = reader.name("the result");
    if (result_name.empty() && std::string(result->name) != "i32") {
      reader.refuse("only an i32 can be a status: name a result that is an answer, as in -> f64 score");
    }
  }
  if (!reader.is_at_end()) reader.refuse("nothing can follow");

  // Extents get their size from the inputs, or from the configuration.
  std::set<std::string> known, names, used;
  for (Parameter &parameter : parameters) {
    if (!names.insert(parameter.name).second) {
      throw SignatureError("config.signature: two parameters named " + parameter.name);
    }
    for (Extent &extent : parameter.shape) {
      if (parameter.role == Parameter::Role::input && !extent.name.empty()) known.insert(extent.name);
      if (values.count(extent.name) == 0) continue;
      extent.size = size_of(extent.name, values.at(extent.name));
      used.insert(extent.name);
    }
  }
  if (!result_name.empty() && !names.insert(result_name).second) {
    throw SignatureError("config.signature: the result and a parameter are both named " + result_name);
  }
  for (Parameter &parameter : parameters) {
    if (parameter.role == Parameter::Role::scalar && known.count(parameter.name) != 0) {
      parameter.role = Parameter::Role::extent;
      if (parameter.type->dtype.code == SLUICE_FLOAT || parameter.type->dtype.code == SLUICE_BOOL) {
        throw SignatureError("config.signature: " + parameter.name + " is a size, which is no " + parameter.type->name);
      }
    } else if (parameter.role == Parameter::Role::scalar && values.count(parameter.name) != 0) {
      parameter.role = Parameter::Role::constant;
      used.insert(parameter.name);
    }
    for (const Extent &extent : parameter.shape) {
      if (extent.size >= 0 || known.count(extent.name) != 0) continue;
      throw SignatureError("config.signature: nothing tells how large " + extent.name + " of " + parameter.name +
                           " is: no input has it, and config.values neither");
    }
  }
  for (const auto &[name, value] : values) {
    if (used.count(name) == 0) {
      throw SignatureError("config.values." + name + ": no parameter and no size of an output needs it");
    }
  }
  for (const Parameter &parameter : parameters) {
    if (parameter.role == Parameter::Role::output) return;
  }
  if (result_name.empty()) {
    throw SignatureError("config.signature: the function answers nothing: an array named out, or a named result");
  }
}

}  // namespace ffi

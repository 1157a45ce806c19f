// function.h - a function of a plain C library, ready to be called with tensors.
#ifndef SLUICE_FFI_FUNCTION_H
#define SLUICE_FFI_FUNCTION_H
#include <array>
#include <deque>

#include "signature.h"

namespace ffi {

// A number as an argument: its bytes, from the first on.
using Slot = std::array<unsigned char, 16>;

class Function {
 public:
  // Opens the library and finds the symbol. Throws std::runtime_error.
  Function(const std::string &library, const std::string &symbol, Signature signature,
           const std::map<std::string, std::string> &values, const std::string &model);
  Function(const Function &) = delete;

  const std::vector<sluice_tensor_spec> &inputs() const { return inputs_; }
  const std::vector<sluice_tensor_spec> &outputs() const { return outputs_; }

  // Calls it once and answers the request. Any other status than SLUICE_OK is in `error`, and nothing was answered.
  sluice_status answer(const sluice_request *request, sluice_error *error);

 private:
  struct Call;
  sluice_status bind(Call &call, sluice_error *error) const;
  sluice_status make_outputs(Call &call, sluice_error *error) const;
  void declare(const Parameter &parameter, std::vector<sluice_tensor_spec> *specs);
  size_t size_index(const std::string &name);

  Signature signature_;
  std::string symbol_;
  std::vector<Slot> constants_;              // by parameter
  std::vector<std::string> size_names_;      // what stands for a size
  std::vector<std::vector<int>> size_of_;    // by parameter and axis: an index into size_names_, or -1
  std::vector<int> extent_of_;               // by parameter: the size that it passes, or -1
  std::deque<std::vector<int64_t>> shapes_;  // what the specs point at
  std::vector<sluice_tensor_spec> inputs_, outputs_;
  std::vector<ffi_type *> forms_;
  ffi_cif interface_;
  void (*code_)() = nullptr;
};

}  // namespace ffi
#endif

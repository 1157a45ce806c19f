// answer.h - the outputs of one request, in the host's memory, and its response.
#ifndef SLUICE_ANSWER_H
#define SLUICE_ANSWER_H
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "guard.h"

namespace sluice {

inline bool same(sluice_dtype a, sluice_dtype b) { return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes; }

inline size_t count_of(const std::vector<int64_t> &shape) {
  size_t count = 1;
  for (const int64_t size : shape) count *= static_cast<size_t>(size);
  return count;
}

class Answer {
 public:
  explicit Answer(const sluice_request *request) : request_(request) {}

  // Memory for an output. `name` must outlive the answer. `byte_size` is that of all elements of BYTES; else it
  // follows from the shape. Throws a Failure where there is none.
  sluice_tensor &add(const char *name, sluice_dtype dtype, std::vector<int64_t> shape, uint64_t byte_size = 0) {
    shapes_.push_back(std::move(shape));
    sluice_tensor output = {};
    output.device_type = SLUICE_CPU;
    output.name = name;
    output.dtype = dtype;
    output.ndim = static_cast<int32_t>(shapes_.back().size());
    output.shape = shapes_.back().data();
    output.byte_size = dtype.code == SLUICE_BYTES ? byte_size : count_of(shapes_.back()) * (dtype.bits / 8);
    const sluice_status status = request_->host->new_output(request_, &output);
    if (status != SLUICE_OK) throw Failure(status, std::string("no memory for output \"") + name + "\"");
    outputs_.push_back(output);
    return outputs_.back();
  }

  // BYTES of one element each.
  void add_texts(const char *name, std::vector<int64_t> shape, const std::vector<const std::string *> &texts) {
    uint64_t size = 0;
    for (const std::string *text : texts) size += text->size();
    const sluice_tensor &output = add(name, {SLUICE_BYTES, 8, 1}, std::move(shape), size);
    auto *offsets = const_cast<int64_t *>(output.offsets);
    offsets[0] = 0;
    for (size_t i = 0; i < texts.size(); i++) {
      const std::string &text = *texts[i];
      if (!text.empty()) std::memcpy(static_cast<char *>(output.data) + offsets[i], text.data(), text.size());
      offsets[i + 1] = offsets[i] + static_cast<int64_t>(text.size());
    }
  }

  // Whatever comes of it: not OK means that the caller has gone.
  sluice_status send(uint32_t flags = SLUICE_FINAL, const std::vector<sluice_kv> &params = {}) {
    sluice_response response = {};
    response.struct_size = sizeof response;
    response.outputs = outputs_.data();
    response.output_count = outputs_.size();
    response.flags = flags;
    response.params = params.data();
    response.param_count = params.size();
    return request_->host->respond(request_, &response);
  }

 private:
  const sluice_request *const request_;
  std::deque<std::vector<int64_t>> shapes_;
  std::vector<sluice_tensor> outputs_;
};

// The end of a request that was answered in parts already.
inline void send_error(const sluice_request *request, sluice_status code, const std::string &text) {
  sluice_error error = {};
  fail(&error, code, "%.500s", text.c_str());
  sluice_response response = {};
  response.struct_size = sizeof response;
  response.flags = SLUICE_FINAL;
  response.error = &error;
  request->host->respond(request, &response);
}

}  // namespace sluice

#endif

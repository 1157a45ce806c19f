// grpc.cpp - the Open Inference Protocol over gRPC: messages in frames of five bytes and their length, on HTTP/2.
#include <algorithm>
#include <cstdlib>

#include "dialect.h"
#include "messages.h"

namespace remote {
namespace {

constexpr size_t frame_head = 5;
constexpr const char *service = "/inference.GRPCInferenceService/";

void begin_frame(Body &body) { body.text().assign(frame_head, '\0'); }

void end_frame(Body &body) {
  const uint64_t size = body.size() - frame_head;
  if (size > UINT32_MAX) throw Failure(SLUICE_INVALID_ARGUMENT, "the request is longer than gRPC's messages can be");
  for (size_t i = 0; i < 4; i++) body.text()[1 + i] = static_cast<char>(size >> (24 - 8 * i));
}

// Takes a whole message off the front of `bytes`; false where there is none.
bool take_frame(std::string_view &bytes, std::string_view &message, size_t most) {
  if (bytes.size() < frame_head) return false;
  if (bytes[0] != 0) throw lie("sends a compressed message, which was not asked for");
  uint64_t size = 0;
  for (size_t i = 0; i < 4; i++) size = size << 8 | static_cast<unsigned char>(bytes[1 + i]);
  if (size > most) throw lie("answers with a message that is longer than max_answer");
  if (bytes.size() - frame_head < size) return false;
  message = bytes.substr(frame_head, size);
  bytes.remove_prefix(frame_head + size);
  return true;
}

class GRPC : public Dialect {
 public:
  explicit GRPC(const Settings &settings) : Dialect(settings) {
    if (!wants_description()) name_ports();
  }

  bool is_http2() const override { return true; }
  bool is_unavailable(const Exchange &exchange) const override {
    return Dialect::is_unavailable(exchange) || exchange.grpc_status == "14";
  }
  bool wants_description() const override { return settings_.inputs.empty() || settings_.outputs.empty(); }

  std::vector<std::unique_ptr<Question>> description() const override {
    std::vector<std::unique_ptr<Question>> questions;
    questions.push_back(std::make_unique<Question>());
    ask_about(*questions.back(), "ModelMetadata");
    return questions;
  }

  void describe(const std::vector<const Exchange *> &answers) override {
    if (answers[0]->grpc_status == "5" || answers[0]->status == 404) {
      throw Failure(SLUICE_NOT_FOUND, "config.model: the remote has no model \"" + settings_.model.substr(0, 100) + "\"");
    }
    check(*answers[0]);
    for (Message about(message_of(*answers[0])); about.next();) {
      if (about.is_bytes(3)) platform = readable(about.bytes);
      if (about.is_bytes(4)) add_port(about.bytes, "inputs", settings_.inputs, inputs);
      if (about.is_bytes(5)) add_port(about.bytes, "outputs", settings_.outputs, outputs);
    }
    name_ports();
    for (const auto &[ports, key] : {std::pair(&inputs, "inputs"), std::pair(&outputs, "outputs")}) {
      if (!ports->empty()) continue;
      throw Failure(SLUICE_FAILED_PRECONDITION, "config." + std::string(key) + " is missing, and the remote doesn't tell: name them as " +
                                                    "[{ name: x, datatype: FP32, shape: [-1, 16] }]");
    }
  }

  void write_health(Question &question) const override { ask_about(question, "ModelReady"); }

  bool is_healthy(const Exchange &exchange) const override {
    if (exchange.status != 200 || exchange.grpc_status != "0") return false;
    try {
      bool is_ready = false;
      for (Message fields(message_of(exchange)); fields.next();) {
        if (fields.field == 1 && fields.type == varint_type) is_ready = fields.number != 0;
      }
      return is_ready;
    } catch (const std::exception &) {
      return false;
    }
  }

  void write(const sluice_request *request, uint64_t left_ns, Question &question) const override {
    question.path = std::string(service) + (settings_.answers_in_parts ? "ModelStreamInfer" : "ModelInfer");
    begin_frame(question.body);
    std::string &text = question.body.text();
    append_field(text, 1, settings_.model);
    append_field(text, 2, settings_.version);
    append_field(text, 3, request->id);
    append_params(request, text);
    for (const Port &port : inputs) {
      const sluice_tensor &input = sluice::input_of(request, port);
      std::string tensor, shape;
      append_field(tensor, 1, input.name);
      append_field(tensor, 2, datatype_name(input.dtype));
      for (int32_t axis = 0; axis < input.ndim; axis++) append_varint(shape, static_cast<uint64_t>(input.shape[axis]));
      append_field(tensor, 3, shape);
      append_message(text, 5, tensor);
    }
    for (size_t i = 0; i < request->wanted_count; i++) {
      std::string wanted;
      append_field(wanted, 1, request->wanted[i]);
      append_message(text, 6, wanted);
    }
    for (const Port &port : inputs) {
      const sluice_tensor &input = sluice::input_of(request, port);
      append_tag(text, 7, bytes_type);
      append_varint(text, raw_size(input));
      append_raw(input, question.body);
    }
    end_frame(question.body);
    add_headers(question);
    question.headers.push_back("grpc-timeout: " + timeout_of(left_ns));
    add_trace(request, question.headers);
  }

  void check(const Exchange &exchange) const override {
    if (exchange.status != 200) throw failure_of(exchange.status, "");
    if (exchange.grpc_status.empty()) throw lie("ends without a status of gRPC");
    if (exchange.grpc_status == "0") return;
    throw failure(std::atoi(exchange.grpc_status.c_str()), readable(decoded(exchange.grpc_message)));
  }

  void answer(const sluice_request *request, Exchange &exchange) const override {
    answer_message(request, message_of(exchange), SLUICE_FINAL);
  }

  bool comes_in_parts(const Exchange &exchange) const override {
    return exchange.status == 200 && exchange.content_type.compare(0, 16, "application/grpc") == 0;
  }
  std::unique_ptr<PartReader> parts(const sluice_request *request) const override;

  // One message as an answer, or a part of one; `flags` gets FINAL where the remote says that it is the last.
  sluice_status answer_message(const sluice_request *request, std::string_view message, uint32_t &&flags) const {
    return answer_message(request, message, flags);
  }

  sluice_status answer_message(const sluice_request *request, std::string_view message, uint32_t &flags) const {
    std::vector<Described> tensors;
    std::vector<std::string_view> raws;
    Facts facts;
    for (Message fields(message); fields.next();) {
      if (fields.is_bytes(4) && facts.size() < 64) {
        std::string key, text;
        if (!read_param(fields.bytes, key, text)) continue;
        if (key == "triton_final_response") {
          if (text == "true") flags |= SLUICE_FINAL;
        } else {
          facts.emplace_back(std::move(key), std::move(text));
        }
      } else if (fields.is_bytes(5)) {
        if (tensors.size() == 4096) throw lie("answers more than 4096 outputs");
        tensors.push_back(read_tensor(fields.bytes));
      } else if (fields.is_bytes(6)) {
        if (raws.size() == 4096) throw lie("answers more than 4096 outputs");
        raws.push_back(fields.bytes);
      }
    }
    if (!raws.empty() && raws.size() != tensors.size()) throw lie("answers another number of outputs than it describes");
    sluice::Answer answer(request);
    Arrivals arrivals(request, outputs);
    for (size_t i = 0; i < tensors.size(); i++) {
      size_t index;
      const Port *port = output_named(tensors[i].name, &index);
      if (port == nullptr) throw lie("answers an output that it doesn't declare");
      const std::optional<sluice_dtype> dtype = datatype_of(tensors[i].datatype);
      if (!dtype || !sluice::same(*dtype, port->dtype)) {
        throw lie("answers \"" + port->name.substr(0, 64) + "\" in another type than it declares");
      }
      if (!arrivals.comes(index)) continue;
      if (!raws.empty() && tensors[i].contents.empty()) {
        add_raw(answer, *port, std::move(tensors[i].shape), raws[i]);
      } else {
        add_raw(answer, *port, std::move(tensors[i].shape), raw_of(tensors[i].contents, *port));
      }
    }
    if (!settings_.answers_in_parts) arrivals.check_all();
    return send(answer, flags, facts);
  }

  static Failure failure(int status, const std::string &text) {
    const std::string more = text.empty() ? "" : ": " + text;
    switch (status) {
      case 3:
      case 9:
      case 11: return {SLUICE_INVALID_ARGUMENT, "the remote refuses the request" + more};
      case 5: return {SLUICE_UNAVAILABLE, "the remote doesn't have the model" + more};
      case 7:
      case 16: return {SLUICE_INTERNAL, "the remote refuses this gateway's key"};
      case 8: return {SLUICE_RESOURCE_EXHAUSTED, "the remote has too much to do" + more};
      case 12: return {SLUICE_UNIMPLEMENTED, "the remote can't do this" + more};
      case 1:
      case 4:
      case 10:
      case 14: return {SLUICE_UNAVAILABLE, "the remote is unavailable" + more};
      default: return {SLUICE_INTERNAL, "the remote failed" + more};
    }
  }

 private:
  void add_headers(Question &question) const {
    question.headers.push_back("content-type: application/grpc");
    question.headers.push_back("te: trailers");
  }

  void ask_about(Question &question, const char *method) const {
    question.path = std::string(service) + method;
    begin_frame(question.body);
    append_field(question.body.text(), 1, settings_.model);
    append_field(question.body.text(), 2, settings_.version);
    end_frame(question.body);
    add_headers(question);
  }

  // The one message of an answer.
  std::string_view message_of(const Exchange &exchange) const {
    std::string_view bytes = exchange.data, message;
    if (!take_frame(bytes, message, settings_.max_answer) || !bytes.empty()) throw lie("answers what is not one message of gRPC");
    return message;
  }

  // At most eight digits, as gRPC has it.
  static std::string timeout_of(uint64_t ns) {
    if (ns / 1000 < 100'000'000) return std::to_string(std::max<uint64_t>(ns / 1000, 1)) + "u";
    return std::to_string(std::min<uint64_t>(ns / 1'000'000, 99'999'999)) + "m";
  }

  void append_params(const sluice_request *request, std::string &text) const {
    if (settings_.keeps_sequences && request->sequence_id != nullptr) {
      std::string value, entry;
      append_field(value, 3, request->sequence_id);
      append_field(entry, 1, "sequence_id");
      append_message(entry, 2, value);
      append_message(text, 4, entry);
      append_param(text, 4, "sequence_start", request->sequence_flags & SLUICE_SEQUENCE_START ? "true" : "false");
      append_param(text, 4, "sequence_end", request->sequence_flags & SLUICE_SEQUENCE_END ? "true" : "false");
    }
    if (settings_.answers_in_parts) append_param(text, 4, "triton_enable_empty_final_response", "true");
    if (request->priority != 0) append_param(text, 4, "priority", std::to_string(request->priority));
    for (size_t i = 0; i < request->param_count; i++) {
      const sluice_kv &param = request->params[i];
      if (std::strcmp(param.key, "traceparent") == 0 || std::strcmp(param.key, "content-type") == 0) continue;
      if (is_utf8(param.key) && is_utf8(param.value)) append_param(text, 4, param.key, param.value);
    }
  }

  static void add_port(std::string_view bytes, const char *key, const std::vector<Port> &named, std::vector<Port> &ports) {
    if (ports.size() == 256) throw lie("describes more than 256 " + std::string(key));
    const Described tensor = read_tensor(bytes);
    Port port;
    port.name = tensor.name;
    if (!is_utf8(port.name) || port.name.empty()) throw lie("describes a tensor without a name");
    const bool is_named = std::any_of(named.begin(), named.end(), [&](const Port &other) { return other.name == port.name; });
    if (!is_named) {
      const std::optional<sluice_dtype> dtype = datatype_of(tensor.datatype);
      if (!dtype) {
        throw Failure(SLUICE_FAILED_PRECONDITION, "config." + std::string(key) + ": the remote's \"" + readable(port.name) + "\" is of type \"" +
                                                      readable(tensor.datatype) + "\", which isn't known here: name it with its datatype");
      }
      port.dtype = *dtype;
      port.shape = tensor.shape;
      for (int64_t &size : port.shape) size = size < 0 ? -1 : size;
    }
    ports.push_back(std::move(port));
  }

  // gRPC's messages have bytes as %XX.
  static std::string decoded(const std::string &text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); i++) {
      const auto digit = [&](size_t at) {
        return at < text.size() ? static_cast<int>(std::string_view("0123456789abcdef").find(static_cast<char>(text[at] | 0x20))) : -1;
      };
      const int high = text[i] == '%' ? digit(i + 1) : -1, low = high >= 0 ? digit(i + 2) : -1;
      if (low >= 0) {
        plain += static_cast<char>(high << 4 | low);
        i += 2;
      } else {
        plain += text[i];
      }
    }
    return plain;
  }
};

// ModelStreamInfer's messages: one for each part.
class StreamReader : public PartReader {
 public:
  StreamReader(const GRPC &dialect, const sluice_request *request, size_t most)
      : dialect_(dialect), request_(request), most_(most) {}

  bool take(std::string_view bytes) override {
    waiting_ += bytes;
    std::string_view rest = waiting_, message;
    while (!has_ended && take_frame(rest, message, most_)) {
      std::string_view error, response;
      for (Message fields(message); fields.next();) {
        if (fields.is_bytes(1)) error = fields.bytes;
        if (fields.is_bytes(2)) response = fields.bytes;
      }
      if (!error.empty()) throw Failure(SLUICE_INTERNAL, "the remote failed: " + readable(error));
      uint32_t flags = 0;
      const sluice_status status = dialect_.answer_message(request_, response, flags);
      has_answered = true;
      has_ended = (flags & SLUICE_FINAL) != 0;
      if (status != SLUICE_OK) return false;
    }
    waiting_.erase(0, waiting_.size() - rest.size());
    return true;
  }

  void finish() override {
    if (has_ended) return;
    if (!waiting_.empty()) throw lie("ended in the middle of an answer");
    sluice::Answer answer(request_);
    send(answer, SLUICE_FINAL, {});
    has_ended = true;
  }

 private:
  const GRPC &dialect_;
  const sluice_request *const request_;
  const size_t most_;
  std::string waiting_;
};

std::unique_ptr<PartReader> GRPC::parts(const sluice_request *request) const {
  return std::make_unique<StreamReader>(*this, request, settings_.max_answer);
}

}  // namespace

std::unique_ptr<Dialect> grpc_dialect(const Settings &settings) { return std::make_unique<GRPC>(settings); }

}  // namespace remote

// open_inference.cpp - the Open Inference Protocol over HTTP: JSON, followed by tensors as they are where the server knows
// that extension.
#include "dialect.h"

namespace remote {
namespace {

// A tensor's name, type and shape, as documents have them.
void append_head(std::string &text, const sluice_tensor &tensor) {
  text += "{\"name\":";
  append_text(text, tensor.name);
  text += ",\"datatype\":\"";
  text += datatype_name(tensor.dtype);
  text += "\",\"shape\":[";
  for (int32_t axis = 0; axis < tensor.ndim; axis++) {
    if (axis > 0) text += ',';
    text += std::to_string(tensor.shape[axis]);
  }
  text += ']';
}

std::vector<int64_t> shape_of(json::array list) {
  std::vector<int64_t> shape;
  for (json::value size : list) {
    if (shape.size() == 32) throw lie("answers a tensor of more than 32 dimensions");
    shape.push_back(size.get_int64());
  }
  return shape;
}

// What a server says of an error: `error` of the protocol, `detail` of FastAPI.
std::string said(const std::string &text) {
  try {
    Document document(text);
    json::object object = document.object();
    for (const char *key : {"error", "detail", "message"}) {
      std::string_view found;
      if (object[key].get_string().get(found) == simdjson::SUCCESS) return readable(found);
    }
  } catch (const std::exception &) {
  }
  return "";
}

class OpenInference : public Dialect {
 public:
  explicit OpenInference(const Settings &settings) : Dialect(settings) {
    base_ = "/v2/models/" + escaped(settings.model);
    if (!settings.version.empty()) base_ += "/versions/" + escaped(settings.version);
    is_binary_ = settings.tensors != Encoding::json;
    if (!wants_description()) {
      name_ports();
      check_ports();
    }
  }

  bool wants_description() const override { return settings_.inputs.empty() || settings_.outputs.empty(); }

  std::vector<std::unique_ptr<Question>> description() const override {
    std::vector<std::unique_ptr<Question>> questions;
    questions.push_back(std::make_unique<Question>());
    questions.back()->path = base_;
    if (settings_.tensors == Encoding::automatic) {
      questions.push_back(std::make_unique<Question>());
      questions.back()->path = "/v2";
    }
    return questions;
  }

  void describe(const std::vector<const Exchange *> &answers) override {
    if (answers[0]->status != 200) {
      const std::string why = said(answers[0]->data);
      if (answers[0]->status == 404) {
        throw Failure(SLUICE_NOT_FOUND, "config.model: the remote has no model \"" + settings_.model.substr(0, 100) + "\"" +
                                            (why.empty() ? "" : ": " + why));
      }
      throw failure_of(answers[0]->status, why);
    }
    try {
      Document document(answers[0]->data);
      json::object about = document.object();
      std::string_view text;
      if (about["platform"].get_string().get(text) == simdjson::SUCCESS) platform = readable(text);
      read_ports(about, "inputs", settings_.inputs, inputs);
      read_ports(about, "outputs", settings_.outputs, outputs);
      // A server that doesn't tell what it can do does what the protocol has without extensions.
      if (answers.size() > 1) is_binary_ = answers[1]->status == 200 && has_binary(answers[1]->data);
    } catch (const simdjson::simdjson_error &) {
      throw lie("doesn't describe the model as the protocol has it");
    }
    name_ports();
    check_ports();
  }

  void write_health(Question &question) const override { question.path = base_ + "/ready"; }

  void write(const sluice_request *request, uint64_t left_ns, Question &question) const override {
    if (settings_.answers_in_parts) return write_generate(request, question);
    question.path = base_ + "/infer";
    std::string &text = question.body.text();
    text += "{\"id\":";
    append_text(text, request->id);
    text += ",\"parameters\":{\"timeout\":" + std::to_string(left_ns / 1000);
    if (is_binary_) text += ",\"binary_data_output\":true";
    if (settings_.keeps_sequences && request->sequence_id != nullptr) {
      text += ",\"sequence_id\":";
      append_text(text, request->sequence_id);
      text += std::string(",\"sequence_start\":") + (request->sequence_flags & SLUICE_SEQUENCE_START ? "true" : "false");
      text += std::string(",\"sequence_end\":") + (request->sequence_flags & SLUICE_SEQUENCE_END ? "true" : "false");
    }
    if (request->priority != 0) text += ",\"priority\":" + std::to_string(request->priority);
    append_params(request, text);
    text += "},\"inputs\":[";
    bool is_first = true;
    for (const Port &port : inputs) {
      const sluice_tensor &input = sluice::input_of(request, port);
      if (!is_first) text += ',';
      is_first = false;
      append_head(text, input);
      if (is_binary_) {
        text += ",\"parameters\":{\"binary_data_size\":" + std::to_string(raw_size(input)) + "}}";
      } else {
        text += ",\"data\":";
        append_json(input, text);
        text += '}';
      }
    }
    text += ']';
    if (request->wanted_count > 0) {
      text += ",\"outputs\":[";
      for (size_t i = 0; i < request->wanted_count; i++) {
        if (i > 0) text += ',';
        text += "{\"name\":";
        append_text(text, request->wanted[i]);
        text += '}';
      }
      text += ']';
    }
    text += '}';
    if (is_binary_) {
      question.headers.push_back("Inference-Header-Content-Length: " + std::to_string(text.size()));
      for (const Port &port : inputs) append_raw(sluice::input_of(request, port), question.body);
    }
    question.headers.push_back(is_binary_ ? "Content-Type: application/octet-stream" : "Content-Type: application/json");
    finish(request, left_ns, question);
  }

  void check(const Exchange &exchange) const override {
    if (exchange.status != 200) throw failure_of(exchange.status, said(exchange.data));
  }

  void answer(const sluice_request *request, Exchange &exchange) const override {
    const size_t whole = exchange.data.size();
    if (exchange.json_length > whole) throw lie("says that its JSON is longer than its whole answer");
    const size_t length = exchange.json_length == 0 ? whole : exchange.json_length;
    sluice::Answer answer(request);
    Arrivals arrivals(request, outputs);
    Facts facts;
    try {
      Document document(exchange.data, length, exchange.parser);
      std::string_view rest(exchange.data.data() + length, whole - length);
      json::object about = document.object();
      for (json::object output : about["outputs"].get_array()) {
        size_t index;
        const Port *port = output_named(output["name"].get_string(), &index);
        if (port == nullptr) throw lie("answers an output that it doesn't declare");
        const std::optional<sluice_dtype> dtype = datatype_of(output["datatype"].get_string());
        if (!dtype || !sluice::same(*dtype, port->dtype)) {
          throw lie("answers \"" + port->name.substr(0, 64) + "\" in another type than it declares");
        }
        std::vector<int64_t> shape = shape_of(output["shape"].get_array());
        const bool is_wanted = arrivals.comes(index);
        uint64_t size;
        if (output["parameters"]["binary_data_size"].get_uint64().get(size) == simdjson::SUCCESS) {
          if (size > rest.size()) throw lie("says that \"" + port->name.substr(0, 64) + "\" is longer than its whole answer");
          if (is_wanted) add_raw(answer, *port, std::move(shape), rest.substr(0, size));
          rest.remove_prefix(size);
        } else if (is_wanted) {
          add_json(answer, *port, std::move(shape), output["data"].get_array(), length);
        }
      }
      if (!rest.empty()) throw lie("answers more bytes than its outputs have");
      json::object parameters;
      if (about["parameters"].get_object().get(parameters) == simdjson::SUCCESS) facts = facts_of(parameters);
    } catch (const simdjson::simdjson_error &) {
      throw lie("answers what is no answer of the Open Inference Protocol");
    }
    arrivals.check_all();
    send(answer, SLUICE_FINAL, facts);
  }

  bool comes_in_parts(const Exchange &exchange) const override { return is_event_stream(exchange); }
  std::unique_ptr<PartReader> parts(const sluice_request *request) const override {
    return generate_reader(*this, request);
  }

  static Facts facts_of(json::object parameters) {
    Facts facts;
    for (json::field parameter : parameters) {
      if (facts.size() == 64) break;
      const std::string key(std::string_view(parameter.unescaped_key()));
      json::value value = parameter.value();
      switch (kind_of(value)) {
        case json::json_type::string: facts.emplace_back(key, std::string_view(value.get_string())); break;
        case json::json_type::number:
        case json::json_type::boolean: {
          std::string_view token = value.raw_json_token();
          while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t')) token.remove_suffix(1);
          facts.emplace_back(key, token);
          break;
        }
        default: break;
      }
    }
    return facts;
  }

 private:
  static bool has_binary(const std::string &text) {
    Document document(text);
    json::array extensions;
    if (document.object()["extensions"].get_array().get(extensions) != simdjson::SUCCESS) return false;
    for (json::value extension : extensions) {
      std::string_view name;
      if (extension.get_string().get(name) != simdjson::SUCCESS) continue;
      if (name == "binary_tensor_data" || name == "binary_data") return true;
    }
    return false;
  }

  // The tensors that a document describes, but for those that the file names.
  static void read_ports(json::object &about, const char *key, const std::vector<Port> &named, std::vector<Port> &ports) {
    json::array list;
    if (about[key].get_array().get(list) != simdjson::SUCCESS) return;
    for (json::object entry : list) {
      if (ports.size() == 256) throw lie("describes more than 256 " + std::string(key));
      Port port;
      port.name = std::string_view(entry["name"].get_string());
      const std::string type(std::string_view(entry["datatype"].get_string()));
      const std::string what = "config." + std::string(key) + ": the remote's \"" + readable(port.name) + "\"";
      const bool is_named = [&] {
        for (const Port &other : named) {
          if (other.name == port.name) return true;
        }
        return false;
      }();
      if (!is_named) {
        const std::optional<sluice_dtype> dtype = datatype_of(type);
        if (!dtype) throw Failure(SLUICE_FAILED_PRECONDITION, what + " is of type \"" + readable(type) + "\", which isn't known here: name it with its datatype");
        port.dtype = *dtype;
        json::array shape;
        if (entry["shape"].get_array().get(shape) != simdjson::SUCCESS) {
          throw Failure(SLUICE_FAILED_PRECONDITION, what + " has no shape: name it with its shape");
        }
        port.shape = shape_of(shape);
        for (int64_t &size : port.shape) size = size < 0 ? -1 : size;
      }
      ports.push_back(std::move(port));
    }
  }

  void check_ports() const {
    for (const auto &[ports, key] : {std::pair(&inputs, "inputs"), std::pair(&outputs, "outputs")}) {
      if (ports->empty()) {
        throw Failure(SLUICE_FAILED_PRECONDITION, "config." + std::string(key) + " is missing, and the remote doesn't tell: name them as " +
                                                      "[{ name: x, datatype: FP32, shape: [-1, 16] }]");
      }
      for (const Port &port : *ports) {
        if (settings_.answers_in_parts || !is_binary_) {
          if (port.dtype.bits == 16 && (port.dtype.code == SLUICE_FLOAT || port.dtype.code == SLUICE_BFLOAT)) {
            throw Failure(SLUICE_FAILED_PRECONDITION, "\"" + port.name.substr(0, 64) + "\" is " + datatype_name(port.dtype) +
                                                          ", which the remote can't be sent as JSON: use protocol grpc");
          }
        }
      }
    }
  }

  // What callers said beside the tensors, and means nothing to the gateway.
  static void append_params(const sluice_request *request, std::string &text) {
    for (size_t i = 0; i < request->param_count; i++) {
      const sluice_kv &param = request->params[i];
      if (std::strcmp(param.key, "traceparent") == 0 || std::strcmp(param.key, "content-type") == 0) continue;
      if (!is_utf8(param.value) || !is_utf8(param.key)) continue;
      text += ',';
      append_text(text, param.key);
      text += ':';
      append_scalar(text, param.value);
    }
  }

  void finish(const sluice_request *request, uint64_t left_ns, Question &question) const {
    question.headers.push_back("x-envoy-expected-rq-timeout-ms: " + std::to_string(left_ns / 1'000'000));
    add_trace(request, question.headers);
  }

  // Triton's generate extension: inputs by name, a lone element bare, and events as the answer.
  void write_generate(const sluice_request *request, Question &question) const {
    question.path = base_ + "/generate_stream";
    std::string &text = question.body.text();
    text += "{\"id\":";
    append_text(text, request->id);
    for (const Port &port : inputs) {
      const sluice_tensor &input = sluice::input_of(request, port);
      text += ',';
      append_text(text, port.name);
      text += ':';
      if (count_of(input) == 1) {
        append_json_scalar(input, text);
      } else {
        append_json(input, text);
      }
    }
    text += ",\"parameters\":{";
    std::string params;
    append_params(request, params);
    text += params.empty() ? "" : params.substr(1);
    text += "}}";
    question.headers.push_back("Content-Type: application/json");
    question.headers.push_back("Accept: text/event-stream");
    add_trace(request, question.headers);
  }

  std::string base_;
  bool is_binary_ = true;
};

}  // namespace

std::unique_ptr<Dialect> open_inference_dialect(const Settings &settings) {
  return std::make_unique<OpenInference>(settings);
}

}  // namespace remote

// openai.cpp - OpenAI's dialect: chats, completions and embeddings.
#include "dialect.h"
#include "events.h"

namespace remote {
namespace {

constexpr const char *numbers[] = {"max_tokens",       "max_completion_tokens", "temperature",       "top_p",
                                   "top_k",            "seed",                  "presence_penalty",  "frequency_penalty",
                                   "repetition_penalty"};
constexpr const char *texts[] = {"reasoning_effort", "user"};

std::string said(const std::string &text) {
  try {
    Document document(text);
    json::object object = document.object();
    std::string_view found;
    if (object["error"]["message"].get_string().get(found) == simdjson::SUCCESS) return readable(found);
  } catch (const std::exception &) {
  }
  return "";
}

// One JSON document of a caller's, whole and alone; throws a Failure if it isn't a list.
void check_list(const char *name, const char *text) {
  simdjson::dom::parser parser;
  simdjson::dom::element found;
  if (parser.parse(text, std::strlen(text)).get(found) != simdjson::SUCCESS || !found.is_array()) {
    throw Failure(SLUICE_INVALID_ARGUMENT, std::string(name) + " must be a list, as JSON");
  }
}

void add_usage(json::object about, Facts &facts) {
  json::object usage;
  if (about["usage"].get_object().get(usage) != simdjson::SUCCESS) return;
  for (const char *key : {"prompt_tokens", "completion_tokens"}) {
    uint64_t count;
    if (usage[key].get_uint64().get(count) == simdjson::SUCCESS) facts.emplace_back(key, std::to_string(count));
  }
}

class OpenAI : public Dialect {
 public:
  explicit OpenAI(const Settings &settings) : Dialect(settings) {
    const sluice_dtype text = {SLUICE_BYTES, 8, 1};
    Port input, output;
    if (settings.task == Task::embeddings) {
      input = {"input", text, {-1}, "texts", false};
      output = {"embedding", {SLUICE_FLOAT, 32, 1}, {-1, settings.dimensions}, "a row for each text", false};
    } else {
      input = {"prompt", text, {1}, "what the text begins with", false};
      output = {"text", text, {1}, "what follows, in parts", false};
    }
    inputs = {input};
    outputs = {output};
    platform = "openai";
  }

  bool wants_description() const override { return false; }
  std::vector<std::unique_ptr<Question>> description() const override { return {}; }
  void describe(const std::vector<const Exchange *> &) override {}
  void write_health(Question &) const override {}

  void write(const sluice_request *request, uint64_t left_ns, Question &question) const override {
    const sluice_tensor &input = sluice::input_of(request, inputs[0]);
    const uint64_t count = count_of(input);
    for (uint64_t i = 0; i < count; i++) {
      if (!is_utf8(element(input, i))) throw Failure(SLUICE_INVALID_ARGUMENT, "the text is no UTF-8");
    }
    std::string &body = question.body.text();
    body += "{\"model\":";
    append_text(body, settings_.model);
    switch (settings_.task) {
      case Task::embeddings:
        question.path = "/embeddings";
        body += ",\"input\":";
        append_json(input, body);
        if (settings_.dimensions > 0) body += ",\"dimensions\":" + std::to_string(settings_.dimensions);
        break;
      case Task::completions:
        question.path = "/completions";
        body += ",\"prompt\":";
        append_json_scalar(input, body);
        break;
      case Task::chat:
        question.path = "/chat/completions";
        body += ",\"messages\":";
        append_messages(request, input, body);
        break;
    }
    if (settings_.task != Task::embeddings) append_params(request, body);
    if (settings_.answers_in_parts) body += ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
    body += '}';
    question.headers.push_back("Content-Type: application/json");
    question.headers.push_back("x-envoy-expected-rq-timeout-ms: " + std::to_string(left_ns / 1'000'000));
    add_trace(request, question.headers);
  }

  void check(const Exchange &exchange) const override {
    if (exchange.status != 200) throw failure_of(exchange.status, said(exchange.data));
  }

  void answer(const sluice_request *request, Exchange &exchange) const override {
    sluice::Answer answer(request);
    Facts facts;
    try {
      Document document(exchange.data, exchange.data.size(), exchange.parser);
      json::object about = document.object();
      if (settings_.task == Task::embeddings) {
        add_embeddings(request, about, exchange.data.size(), answer);
      } else {
        const std::string text = text_of(about, "message", facts);
        if (output_is_wanted(request, "text")) answer.add_texts("text", {1}, {&text});
      }
      add_usage(about, facts);
    } catch (const simdjson::simdjson_error &) {
      throw lie("answers what is no answer in OpenAI's dialect");
    }
    send(answer, SLUICE_FINAL, facts);
  }

  bool comes_in_parts(const Exchange &exchange) const override { return is_event_stream(exchange); }
  std::unique_ptr<PartReader> parts(const sluice_request *request) const override;

  // The text of the first choice; "" where there is none. `holder` is `message` of a whole answer, `delta` of a part.
  std::string text_of(json::object about, const char *holder, Facts &facts) const {
    std::string text;
    json::array choices;
    if (about["choices"].get_array().get(choices) != simdjson::SUCCESS) return text;
    for (json::object choice : choices) {
      std::string_view found;
      const auto error = settings_.task == Task::chat ? choice[holder]["content"].get_string().get(found)
                                                      : choice["text"].get_string().get(found);
      if (error == simdjson::SUCCESS) text = found;
      if (choice["finish_reason"].get_string().get(found) == simdjson::SUCCESS) {
        facts.emplace_back("finish_reason", readable(found));
      }
      break;
    }
    return text;
  }

 private:
  static void append_messages(const sluice_request *request, const sluice_tensor &input, std::string &body) {
    if (const char *messages = param_text(request, "messages", nullptr)) {
      check_list("messages", messages);
      body += messages;
      return;
    }
    body += "[{\"role\":\"user\",\"content\":";
    append_json_scalar(input, body);
    body += "}]";
  }

  static void append_params(const sluice_request *request, std::string &body) {
    for (const char *name : numbers) {
      const char *text = param_text(request, name, nullptr);
      if (text == nullptr) continue;
      if (!is_number(text)) throw Failure(SLUICE_INVALID_ARGUMENT, std::string(name) + " must be a number");
      body += std::string(",\"") + name + "\":" + text;
    }
    for (const char *name : texts) {
      const char *text = param_text(request, name, nullptr);
      if (text == nullptr || !is_utf8(text)) continue;
      body += std::string(",\"") + name + "\":";
      append_text(body, text);
    }
    if (const char *stop = param_text(request, "stop", nullptr)) {
      body += ",\"stop\":";
      if (stop[0] == '[') {
        check_list("stop", stop);
        body += stop;
      } else if (is_utf8(stop)) {
        append_text(body, stop);
      } else {
        throw Failure(SLUICE_INVALID_ARGUMENT, "stop is no UTF-8");
      }
    }
  }

  void add_embeddings(const sluice_request *request, json::object about, size_t size, sluice::Answer &answer) const {
    const auto count = static_cast<size_t>(count_of(request->inputs[0]));
    std::vector<std::vector<float>> rows(count);
    for (json::object entry : about["data"].get_array()) {
      const uint64_t index = entry["index"].get_uint64();
      if (index >= count || !rows[index].empty()) throw lie("answers rows that were not asked for");
      for (json::value number : entry["embedding"].get_array()) rows[index].push_back(static_cast<float>(double(number.get_double())));
    }
    const size_t width = count == 0 ? static_cast<size_t>(std::max<int64_t>(settings_.dimensions, 0)) : rows[0].size();
    for (const std::vector<float> &row : rows) {
      if (row.empty() || row.size() != width) throw lie("answers rows that are missing, or not of one length");
    }
    const std::vector<int64_t> shape = {static_cast<int64_t>(count), static_cast<int64_t>(width)};
    checked_count(outputs[0], shape);
    (void)size;
    if (!output_is_wanted(request, "embedding")) return;
    auto *room = static_cast<float *>(add_room(answer, outputs[0], shape));
    for (const std::vector<float> &row : rows) {
      std::copy(row.begin(), row.end(), room);
      room += width;
    }
  }
};

class ChatReader : public PartReader {
 public:
  ChatReader(const OpenAI &dialect, const sluice_request *request) : dialect_(dialect), request_(request) {}

  bool take(std::string_view bytes) override {
    return events_.take(bytes, [this](const std::string &data) { return part(data); });
  }

  // Some servers end without saying so.
  void finish() override {
    if (!is_done_ && (!events_.is_between() || !is_finished())) throw lie("ended in the middle of an answer");
    const std::string nothing;
    sluice::Answer answer(request_);
    if (output_is_wanted(request_, "text")) answer.add_texts("text", {1}, {&nothing});
    send(answer, SLUICE_FINAL, facts_);
    has_ended = true;
  }

 private:
  bool is_finished() const {
    for (const auto &fact : facts_) {
      if (fact.first == "finish_reason") return true;
    }
    return false;
  }

  bool part(const std::string &data) {
    if (is_done_) return true;
    if (data == "[DONE]") {
      is_done_ = true;
      return true;
    }
    std::string text;
    try {
      Document document(data);
      json::object about = document.object();
      json::value error;
      if (about["error"].get(error) == simdjson::SUCCESS && !error.is_null()) {
        throw Failure(SLUICE_INTERNAL, "the remote failed" + [&] {
          const std::string why = said(data);
          return why.empty() ? why : ": " + why;
        }());
      }
      text = dialect_.text_of(about, "delta", facts_);
      add_usage(about, facts_);
    } catch (const simdjson::simdjson_error &) {
      throw lie("sends an event that is no part of an answer in OpenAI's dialect");
    }
    if (text.empty() || !output_is_wanted(request_, "text")) return true;
    sluice::Answer answer(request_);
    answer.add_texts("text", {1}, {&text});
    has_answered = true;
    return send(answer, 0, {}) == SLUICE_OK;
  }

  const OpenAI &dialect_;
  const sluice_request *const request_;
  EventReader events_;
  Facts facts_;
  bool is_done_ = false;
};

std::unique_ptr<PartReader> OpenAI::parts(const sluice_request *request) const {
  return std::make_unique<ChatReader>(*this, request);
}

}  // namespace

std::unique_ptr<Dialect> openai_dialect(const Settings &settings) { return std::make_unique<OpenAI>(settings); }

}  // namespace remote

#include "prompt.h"

#include <nlohmann/json.hpp>

namespace llm {

using sluice::Failure;

Prompts::Prompts(const Api &api, const llama_vocab *vocab, std::string chat_template, size_t context)
    : api_(api), vocab_(vocab), template_(std::move(chat_template)), context_(context) {
  for (llama_token token = 0; token < api.vocabulary_size(vocab); token++) {
    const char *text = api.token_text(vocab, token);
    if (text != nullptr) longest_ = std::max(longest_, std::strlen(text));
  }
}

bool Prompts::takes_chats() const {
  if (template_.empty()) return false;
  const llama_chat_message message = {"user", "x"};
  return api_.apply_template(template_.c_str(), &message, 1, true, nullptr, 0) > 0;
}

// Text of a caller is never read as the model's own marks: nobody ends their turn and begins the system's.
void Prompts::append(const std::string &text, bool begins, bool is_ours, std::vector<llama_token> &tokens) const {
  if (text.size() > context_ * longest_) {
    throw Failure(SLUICE_INVALID_ARGUMENT,
                  "the prompt is longer than the model's context of " + std::to_string(context_) + " tokens");
  }
  std::vector<llama_token> found(text.size() + 8);
  const int32_t count = api_.tokenize(vocab_, text.data(), static_cast<int32_t>(text.size()), found.data(),
                                      static_cast<int32_t>(found.size()), begins, is_ours);
  if (count < 0) throw Failure(SLUICE_INTERNAL, "the prompt has more tokens than bytes");
  tokens.insert(tokens.end(), found.begin(), found.begin() + count);
}

std::string Prompts::render(const std::vector<llama_chat_message> &messages) const {
  std::string text(256, '\0');
  for (int attempt = 0; attempt < 2; attempt++) {
    const int32_t size = api_.apply_template(template_.c_str(), messages.data(), messages.size(), true, text.data(),
                                             static_cast<int32_t>(text.size()));
    if (size < 0) break;
    const bool fits = static_cast<size_t>(size) <= text.size();
    text.resize(static_cast<size_t>(size));
    if (fits) return text;
  }
  throw Failure(SLUICE_FAILED_PRECONDITION,
                "the model's chat template isn't one that llama.cpp knows: name one with config.chat_template");
}

// The template is written with marks in place of what was said, so that what was said stays text.
void Prompts::append_chat(const char *json, std::vector<llama_token> &tokens) const {
  const auto turns = nlohmann::json::parse(json, json + std::strlen(json), nullptr, false);
  if (!turns.is_array() || turns.empty()) throw Failure(SLUICE_INVALID_ARGUMENT, "messages must be a list of turns");
  if (template_.empty()) {
    throw Failure(SLUICE_FAILED_PRECONDITION, "the model has no chat template: name one with config.chat_template");
  }
  std::vector<std::string> roles, contents, marks;
  for (const auto &turn : turns) {
    const bool is_whole = turn.is_object() && turn.contains("role") && turn["role"].is_string() &&
                          turn.contains("content") && turn["content"].is_string();
    if (!is_whole) throw Failure(SLUICE_INVALID_ARGUMENT, "each of messages needs a role and a content of text");
    roles.push_back(turn["role"].get<std::string>());
    contents.push_back(turn["content"].get<std::string>());
    marks.push_back("\x01" + std::to_string(marks.size()) + "\x02");
    for (const char letter : roles.back()) {
      if ((letter < 'a' || letter > 'z') && letter != '_') {
        throw Failure(SLUICE_INVALID_ARGUMENT, "a role is one of system, user, assistant");
      }
    }
  }
  std::vector<llama_chat_message> messages;
  for (size_t i = 0; i < roles.size(); i++) messages.push_back({roles[i].c_str(), marks[i].c_str()});
  const std::string text = render(messages);
  for (size_t at = 0; at < text.size();) {
    const size_t mark = std::min(text.find('\x01', at), text.size());
    if (mark > at) append(text.substr(at, mark - at), at == 0, true, tokens);
    if (mark == text.size()) return;
    at = text.find('\x02', mark) + 1;
    append(contents[std::stoul(text.substr(mark + 1))], mark == 0, false, tokens);
  }
}

std::vector<llama_token> Prompts::of(const sluice_request *request) const {
  std::vector<llama_token> tokens;
  const char *messages = param_text(request, "messages", nullptr);
  if (messages != nullptr) {
    append_chat(messages, tokens);
  } else {
    const sluice_tensor &prompt = request->inputs[0];
    const auto size = static_cast<size_t>(prompt.offsets[1] - prompt.offsets[0]);
    append(size == 0 ? std::string() : std::string(static_cast<const char *>(prompt.data) + prompt.offsets[0], size),
           true, false, tokens);
  }
  if (tokens.empty()) throw Failure(SLUICE_INVALID_ARGUMENT, "the prompt is empty");
  if (tokens.size() >= context_) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "the prompt has " + std::to_string(tokens.size()) +
                                               " tokens, and the model's context " + std::to_string(context_));
  }
  return tokens;
}

}  // namespace llm

// prompt.h - the tokens that a request begins with: of its text, or of a chat by the model's template.
#ifndef SLUICE_LLAMA_PROMPT_H
#define SLUICE_LLAMA_PROMPT_H
#include <string>
#include <vector>

#include "api.h"

namespace llm {

class Prompts {
 public:
  // `chat_template` is one of llama.cpp's names, or a template that it knows; "" where there is none.
  Prompts(const Api &api, const llama_vocab *vocab, std::string chat_template, size_t context);

  // Whether chats can be written: false where llama.cpp doesn't know the template.
  bool takes_chats() const;

  // Throws a Failure where it is empty, or longer than the context.
  std::vector<llama_token> of(const sluice_request *request) const;

 private:
  void append(const std::string &text, bool begins, bool is_ours, std::vector<llama_token> &tokens) const;
  std::string render(const std::vector<llama_chat_message> &messages) const;
  void append_chat(const char *json, std::vector<llama_token> &tokens) const;

  const Api &api_;
  const llama_vocab *const vocab_;
  const std::string template_;
  const size_t context_;
  size_t longest_ = 1;  // bytes of a token
};

}  // namespace llm

#endif

// engine.h - one thread that writes for several conversations at once: each step of the model is one token for all that
// write, and a piece of prompt for those that begin (continuous batching).
#ifndef SLUICE_LLAMA_ENGINE_H
#define SLUICE_LLAMA_ENGINE_H
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sampling.h"
#include "text.h"

namespace llm {

// How a conversation ended.
struct Outcome {
  sluice_status status = SLUICE_OK;
  std::string problem;
  const char *finish_reason = "stop";
  size_t completion_tokens = 0;
};

// One request: the engine writes into it, and the worker that has the request reads. A slow reader holds up nobody.
class Conversation {
 public:
  Conversation(const Api &api, const llama_vocab *vocab, const sluice_request *request,
               std::vector<llama_token> prompt, const Sampling &sampling)
      : request(request),
        prompt(std::move(prompt)),
        max_tokens(static_cast<size_t>(sampling.max_tokens)),
        sampler(make_sampler(api, vocab, sampling)),
        text(sampling.stops),
        api_(api) {}
  ~Conversation() { api_.free_sampler(sampler); }
  Conversation(const Conversation &) = delete;

  // Waits for text, or for the end; true when this is the end.
  bool next(std::string &text, Outcome &outcome);
  // Nobody reads any more.
  void abandon() { abandoned.store(true, std::memory_order_relaxed); }

  void write(const std::string &text);
  void end(Outcome outcome);

  const sluice_request *const request;
  const std::vector<llama_token> prompt;
  const size_t max_tokens;
  llama_sampler *const sampler;
  OutgoingText text;  // the engine's
  std::atomic<bool> abandoned{false};

 private:
  const Api &api_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::string written_;  // guarded by lock_, as the two below
  bool ended_ = false;
  Outcome outcome_;
};

class Engine {
 public:
  struct Settings {
    int32_t slots, threads, batch;
    uint32_t context;  // tokens of each conversation
  };

  // Throws a Failure where there is no memory for so much context.
  Engine(const Api &api, llama_model *model, const Settings &settings);
  ~Engine();
  Engine(const Engine &) = delete;

  void submit(std::shared_ptr<Conversation> conversation);

 private:
  // A place in the model's memory.
  struct Slot {
    std::shared_ptr<Conversation> conversation;  // null when it is free
    std::vector<llama_token> tokens;             // of the prompt, and those that were written
    size_t known = 0;                            // how many of them the model has in its memory
    size_t written = 0;
    int32_t sampled_at = -1;                     // its place in the step's batch, where a token comes of it
  };

  void run();
  void admit();
  void drop_the_cancelled();
  void step();
  void add(Slot &slot, llama_token token, bool samples);
  void take(Slot &slot);
  void finish(Slot &slot, Outcome outcome);

  const Api &api_;
  const llama_vocab *const vocab_;
  const Settings settings_;
  llama_context *context_ = nullptr;
  llama_batch batch_ = {};
  std::vector<Slot> slots_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Conversation>> waiting_;  // guarded by lock_, as the one below
  bool ending_ = false;
  std::thread thread_;  // last: it starts when all else is ready
};

}  // namespace llm

#endif

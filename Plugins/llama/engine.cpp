#include "engine.h"

namespace llm {

using sluice::Failure;

bool Conversation::next(std::string &text, Outcome &outcome) {
  std::unique_lock<std::mutex> guard(lock_);
  wake_.wait(guard, [&] { return ended_ || !written_.empty(); });
  text.swap(written_);
  written_.clear();
  if (ended_) outcome = outcome_;
  return ended_;
}

void Conversation::write(const std::string &text) {
  if (text.empty()) return;
  const std::lock_guard<std::mutex> guard(lock_);
  written_ += text;
  wake_.notify_one();
}

void Conversation::end(Outcome outcome) {
  const std::lock_guard<std::mutex> guard(lock_);
  outcome_ = std::move(outcome);
  ended_ = true;
  wake_.notify_one();
}

Engine::Engine(const Api &api, llama_model *model, const Settings &settings)
    : api_(api), vocab_(api.vocab(model)), settings_(settings), slots_(static_cast<size_t>(settings.slots)) {
  llama_context_params params = api.context_defaults();
  params.n_ctx = settings.context * static_cast<uint32_t>(settings.slots);
  params.n_batch = params.n_ubatch = static_cast<uint32_t>(settings.batch);
  params.n_seq_max = static_cast<uint32_t>(settings.slots);
  params.n_threads = params.n_threads_batch = settings.threads;
  params.no_perf = true;
  context_ = api.init(model, params);
  if (context_ == nullptr) {
    throw Failure(SLUICE_RESOURCE_EXHAUSTED, "no memory for " + std::to_string(settings.slots) + " conversations of " +
                                                 std::to_string(settings.context) + " tokens");
  }
  batch_ = api.batch_init(settings.batch, 0, 1);
  thread_ = std::thread([this] { run(); });
}

Engine::~Engine() {
  {
    const std::lock_guard<std::mutex> guard(lock_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  api_.batch_free(batch_);
  api_.free_context(context_);
}

void Engine::submit(std::shared_ptr<Conversation> conversation) {
  {
    const std::lock_guard<std::mutex> guard(lock_);
    waiting_.push_back(std::move(conversation));
  }
  wake_.notify_one();
}

void Engine::run() {
  const auto is_busy = [](const Slot &slot) { return slot.conversation != nullptr; };
  while (true) {
    {
      std::unique_lock<std::mutex> guard(lock_);
      wake_.wait(guard, [&] {
        return ending_ || !waiting_.empty() || std::any_of(slots_.begin(), slots_.end(), is_busy);
      });
      if (ending_) return;
      admit();
    }
    drop_the_cancelled();
    try {
      step();
    } catch (const std::exception &exception) {
      for (Slot &slot : slots_) {
        if (is_busy(slot)) finish(slot, {SLUICE_INTERNAL, std::string("writing failed: ") + exception.what()});
      }
    }
  }
}

// Gives each free slot a conversation that waits; the slot whose memory begins as its prompt does needn't read that
// again.
void Engine::admit() {
  while (!waiting_.empty()) {
    Slot *best = nullptr;
    size_t best_shared = 0;
    const std::vector<llama_token> &prompt = waiting_.front()->prompt;
    for (Slot &slot : slots_) {
      if (slot.conversation != nullptr) continue;
      size_t shared = 0;
      while (shared < slot.tokens.size() && shared + 1 < prompt.size() && slot.tokens[shared] == prompt[shared]) {
        shared++;
      }
      if (best == nullptr || shared > best_shared) {
        best = &slot;
        best_shared = shared;
      }
    }
    if (best == nullptr) return;
    const auto sequence = static_cast<llama_seq_id>(best - slots_.data());
    llama_memory_t memory = api_.memory(context_);
    // Some kinds of memory can only be forgotten as a whole.
    if (!api_.forget(memory, sequence, static_cast<llama_pos>(best_shared), -1)) {
      api_.forget(memory, sequence, -1, -1);
      best_shared = 0;
    }
    best->conversation = std::move(waiting_.front());
    waiting_.pop_front();
    best->tokens = best->conversation->prompt;
    best->known = best_shared;
    best->written = 0;
  }
}

void Engine::drop_the_cancelled() {
  for (Slot &slot : slots_) {
    if (slot.conversation == nullptr) continue;
    const sluice_request *request = slot.conversation->request;
    if (slot.conversation->abandoned.load(std::memory_order_relaxed) || request->host->is_cancelled(request) != 0) {
      finish(slot, {SLUICE_CANCELLED, "nobody waits for the answer any more"});
    } else if (request->deadline_ns != 0 && request->host->now_ns(request->host) >= request->deadline_ns) {
      finish(slot, {SLUICE_DEADLINE_EXCEEDED, "the answer was stopped at its deadline"});
    }
  }
}

void Engine::add(Slot &slot, llama_token token, bool samples) {
  const int32_t at = batch_.n_tokens++;
  batch_.token[at] = token;
  batch_.pos[at] = static_cast<llama_pos>(slot.known);
  batch_.n_seq_id[at] = 1;
  batch_.seq_id[at][0] = static_cast<llama_seq_id>(&slot - slots_.data());
  batch_.logits[at] = samples ? 1 : 0;
  if (samples) slot.sampled_at = at;
  slot.known++;
}

void Engine::step() {
  batch_.n_tokens = 0;
  for (Slot &slot : slots_) {
    slot.sampled_at = -1;
    if (slot.conversation != nullptr && slot.written > 0) add(slot, slot.tokens.back(), true);
  }
  for (Slot &slot : slots_) {
    if (slot.conversation == nullptr || slot.written > 0) continue;
    while (slot.known < slot.tokens.size() && batch_.n_tokens < settings_.batch) {
      add(slot, slot.tokens[slot.known], slot.known + 1 == slot.tokens.size());
    }
  }
  if (batch_.n_tokens == 0) return;
  if (const int32_t status = api_.decode(context_, batch_)) {
    for (Slot &slot : slots_) {
      if (slot.conversation == nullptr) continue;
      slot.known = 0;  // what the model has in its memory now isn't sure
      finish(slot, {SLUICE_INTERNAL, "llama.cpp could not go on: status " + std::to_string(status)});
    }
    return;
  }
  for (Slot &slot : slots_) {
    if (slot.conversation != nullptr && slot.sampled_at >= 0) take(slot);
  }
}

// The next token of a conversation.
void Engine::take(Slot &slot) {
  Conversation &conversation = *slot.conversation;
  const llama_token token = api_.sample(conversation.sampler, context_, slot.sampled_at);
  Outcome outcome;
  outcome.completion_tokens = slot.written;
  if (api_.ends_generation(vocab_, token)) {
    conversation.write(conversation.text.rest());
    return finish(slot, outcome);
  }
  slot.tokens.push_back(token);
  outcome.completion_tokens = ++slot.written;
  char piece[256];
  const int32_t size = api_.piece(vocab_, token, piece, sizeof piece, 0, false);
  std::string long_piece;
  if (size < 0) {
    long_piece.resize(static_cast<size_t>(-size));
    api_.piece(vocab_, token, long_piece.data(), -size, 0, false);
  }
  conversation.write(conversation.text.take(size < 0 ? long_piece : std::string(piece, static_cast<size_t>(size))));
  if (conversation.text.stopped()) return finish(slot, outcome);
  if (slot.written < conversation.max_tokens && slot.tokens.size() < settings_.context) return;
  conversation.write(conversation.text.rest());
  outcome.finish_reason = "length";
  finish(slot, outcome);
}

// The slot is free at once; what it has read stays for the next one that begins alike.
void Engine::finish(Slot &slot, Outcome outcome) {
  slot.tokens.resize(std::min(slot.known, slot.tokens.size()));
  slot.sampled_at = -1;
  const std::shared_ptr<Conversation> conversation = std::move(slot.conversation);
  slot.conversation = nullptr;
  conversation->end(std::move(outcome));
}

}  // namespace llm

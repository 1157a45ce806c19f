/* bare_llama - llama.cpp by itself, for language.py to compare with: reads prompts, a line each, and writes for each the
 * milliseconds to the first token and the tokens per second after it.
 *
 *   bare_llama MODEL THREADS TOKENS */
#include <llama.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void quiet(enum ggml_log_level level, const char *text, void *context) { (void)level, (void)text, (void)context; }

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  llama_log_set(quiet, NULL);
  llama_backend_init();
  struct llama_model *model = llama_model_load_from_file(argv[1], llama_model_default_params());
  struct llama_context_params params = llama_context_default_params();
  params.n_ctx = 1024;
  params.n_batch = params.n_ubatch = 256;
  params.n_threads = params.n_threads_batch = atoi(argv[2]);
  params.no_perf = true;
  struct llama_context *context = model == NULL ? NULL : llama_init_from_model(model, params);
  if (context == NULL) return 1;
  const struct llama_vocab *vocab = llama_model_get_vocab(model);
  const int wanted = atoi(argv[3]);
  struct llama_sampler *sampler = llama_sampler_chain_init(llama_sampler_chain_default_params());
  llama_sampler_chain_add(sampler, llama_sampler_init_greedy());
  char line[16384];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    llama_memory_clear(llama_get_memory(context), true);
    const double begin = now();
    llama_token tokens[1024];
    const int count = llama_tokenize(vocab, line, (int)strlen(line), tokens, 1024, true, false);
    if (count <= 0 || llama_decode(context, llama_batch_get_one(tokens, count)) != 0) return 1;
    llama_token token = llama_sampler_sample(sampler, context, -1);
    const double first = now();
    char piece[256];
    for (int i = 1; i < wanted; i++) {
      (void)llama_token_to_piece(vocab, token, piece, sizeof piece, 0, false);
      if (llama_decode(context, llama_batch_get_one(&token, 1)) != 0) return 1;
      token = llama_sampler_sample(sampler, context, -1);
    }
    printf("%.3f %.3f\n", first - begin, (wanted - 1) * 1e3 / (now() - first));
    fflush(stdout);
  }
  return 0;
}

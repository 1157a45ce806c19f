/* The few operations on memory shared with another process that Swift has no words for: atomic access at an address,
 * futexes, and sealed memory files. Every function is safe to call on memory that the other side changes meanwhile. */
#ifndef SLUICE_SHARED_MEMORY_H
#define SLUICE_SHARED_MEMORY_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t shared_load_u64(const void *address) {
  return atomic_load_explicit((const _Atomic uint64_t *)address, memory_order_acquire);
}

static inline void shared_store_u64(void *address, uint64_t value) {
  atomic_store_explicit((_Atomic uint64_t *)address, value, memory_order_release);
}

static inline uint8_t shared_load_u8(const void *address) {
  return atomic_load_explicit((const _Atomic uint8_t *)address, memory_order_acquire);
}

static inline void shared_store_u8(void *address, uint8_t value) {
  atomic_store_explicit((_Atomic uint8_t *)address, value, memory_order_release);
}

/* Those below are sequentially consistent: "publish, then look whether somebody sleeps" and "say that I sleep, then
 * look again" must not pass each other. */
static inline uint32_t shared_load_u32(const void *address) {
  return atomic_load_explicit((const _Atomic uint32_t *)address, memory_order_seq_cst);
}

static inline void shared_add_u32(void *address, uint32_t value) {
  atomic_fetch_add_explicit((_Atomic uint32_t *)address, value, memory_order_seq_cst);
}

static inline void shared_subtract_u32(void *address, uint32_t value) {
  atomic_fetch_sub_explicit((_Atomic uint32_t *)address, value, memory_order_seq_cst);
}

static inline void shared_store_u32(void *address, uint32_t value) {
  atomic_store_explicit((_Atomic uint32_t *)address, value, memory_order_seq_cst);
}

static inline void shared_fence(void) { atomic_thread_fence(memory_order_seq_cst); }

static inline void shared_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/* Sleeps while the word is `expected`, at most until `end_ns` on CLOCK_MONOTONIC (0 = without end). May return early.
 * `kinds` has the bits by which the sleeper can be called. */
void shared_wait(const void *word, uint32_t expected, uint64_t end_ns, uint32_t kinds);

/* Wakes up to `count` sleepers (negative = all) of any of the `kinds`, in whichever process; how many there were. */
int shared_wake(const void *word, int count, uint32_t kinds);

/* A memory file of `size` zero bytes that can be neither shrunk nor grown; -1 and errno on failure. Close-on-exec. */
int shared_create(const char *name, size_t size);

/* From now on nobody can map the file writable; mappings that exist stay as they are. False and errno on failure. */
bool shared_forbid_writing(int descriptor);

/* Whether the file can't change its size; a reader of one that can would die by SIGBUS. */
bool shared_is_sealed(int descriptor);

/* The processor that this thread runs on just now; negative where that can't be known. */
int shared_processor(void);

/* Keeps this thread on one processor. False where the system won't have it. */
bool shared_keep_on(int processor);

/* Says how long this thread wants to run at a time, for a scheduler that heeds it (Linux 6.12). False where the system
 * won't have it. */
bool shared_take_turns(uint64_t nanoseconds);

/* Gives the pages of a range back to the system; they read as zero from then on. */
void shared_discard(void *address, size_t size);

#endif

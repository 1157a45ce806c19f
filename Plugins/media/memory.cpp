#include "memory.h"

#include <cstdlib>

namespace sluice_media {
namespace {

constexpr size_t alignment = memory_alignment;
#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitizes = true;
#elif defined(__has_feature)
constexpr bool sanitizes = __has_feature(address_sanitizer);
#else
constexpr bool sanitizes = false;
#endif
// Smaller blocks are quick to get anyway; larger ones would be kept for too long. A sanitizer sees what goes past a block
// only if it is new.
constexpr size_t smallest = 64u << 10, largest = sanitizes ? 0 : 8u << 20;
// What one thread keeps at most.
constexpr size_t kept_bytes = 16u << 20, kept_count = 8;

// Stands before each block.
struct alignas(alignment) Head {
  size_t size;
};

struct Shelf {
  Head *blocks[kept_count] = {};
  size_t count = 0, bytes = 0;

  ~Shelf() {
    while (count > 0) std::free(blocks[--count]);
    // What is given back after this goes to the system.
    bytes = kept_bytes;
  }

  Head *take(size_t size) {
    for (size_t i = count; i-- > 0;) {
      Head *block = blocks[i];
      if (block->size < size || block->size / 4 > size) continue;
      blocks[i] = blocks[--count];
      bytes -= block->size;
      return block;
    }
    return nullptr;
  }

  bool put(Head *block) noexcept {
    if (count == kept_count || bytes + block->size > kept_bytes) return false;
    blocks[count++] = block;
    bytes += block->size;
    return true;
  }
};
thread_local Shelf shelf;

}  // namespace

void *take_memory(size_t size) {
  if (size > SIZE_MAX / 2) throw std::bad_alloc();
  Head *block = size >= smallest ? shelf.take(size) : nullptr;
  if (block == nullptr) {
    void *memory = nullptr;
    if (posix_memalign(&memory, alignment, size + sizeof(Head)) != 0) throw std::bad_alloc();
    block = static_cast<Head *>(memory);
    block->size = size;
  }
  return block + 1;
}

void give_memory(void *memory) noexcept {
  if (memory == nullptr) return;
  Head *block = static_cast<Head *>(memory) - 1;
  if (block->size < smallest || block->size > largest || !shelf.put(block)) std::free(block);
}

}  // namespace sluice_media

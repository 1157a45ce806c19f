// memory.h - memory for pixels that is used again: fresh pages cost as much as what is done to the pixels in them.
#ifndef SLUICE_MEDIA_MEMORY_H
#define SLUICE_MEDIA_MEMORY_H
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace sluice_media {

// What memory is aligned to.
constexpr int memory_alignment = 64;

// At least so many bytes, of which nothing is known: what lay there may be of another picture. A thread keeps a few
// megabytes of what it gave back.
void *take_memory(size_t size);
void give_memory(void *memory) noexcept;

// For vectors whose elements are all written before they are read.
template <class Element> struct PixelAllocator {
  using value_type = Element;
  PixelAllocator() = default;
  template <class Other> PixelAllocator(const PixelAllocator<Other> &) {}
  Element *allocate(size_t count) { return static_cast<Element *>(take_memory(count * sizeof(Element))); }
  void deallocate(Element *memory, size_t) noexcept { give_memory(memory); }
  template <class Other> void construct(Other *) {}
  template <class Other, class... Arguments> void construct(Other *place, Arguments &&...arguments) {
    ::new (static_cast<void *>(place)) Other(std::forward<Arguments>(arguments)...);
  }
  template <class Other> bool operator==(const PixelAllocator<Other> &) const { return true; }
  template <class Other> bool operator!=(const PixelAllocator<Other> &) const { return false; }
};
using Pixels = std::vector<uint8_t, PixelAllocator<uint8_t>>;

}  // namespace sluice_media
#endif

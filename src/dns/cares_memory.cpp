#include "dns/cares_memory.hpp"

#include <ares.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>

namespace gladhand {

namespace {

// Before each piece: realloc(3) must know its size.
struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) Head {
  std::size_t size;
};

Head* head_of(void* memory) {
  return static_cast<Head*>(memory) - 1;
}

void* allocate(std::size_t size) {
  if (size > std::numeric_limits<std::size_t>::max() - sizeof(Head)) return nullptr;
  void* const memory = ::operator new(sizeof(Head) + size, std::nothrow);
  return memory == nullptr ? nullptr : new (memory) Head{size} + 1;
}

void release(void* memory) {
  if (memory != nullptr) ::operator delete(head_of(memory));
}

void* reallocate(void* memory, std::size_t size) {
  void* const larger = allocate(size);
  if (larger == nullptr || memory == nullptr) return larger;
  std::memcpy(larger, memory, std::min(size, head_of(memory)->size));
  release(memory);
  return larger;
}

}  // namespace

// malloc(3) of musl maps a page for most of what c-ares wants, and unmaps it when that is freed: a
// tenth of a dial of a name.
void give_cares_our_memory() {
  [[maybe_unused]] static const int done =
      ares_library_init_mem(ARES_LIB_INIT_ALL, allocate, release, reallocate);
}

}  // namespace gladhand

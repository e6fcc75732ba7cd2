// What is freed is wiped first: passwords, and whatever text was made of them on the way, by CLI11
// and Asio, too. Growing strings leave copies that no owner of theirs ever sees.
//
// And a dial asks for memory some hundred times in the few microseconds that it has: it gets pieces of
// one that comes at once, for which no allocator has to be set up. Once that is used up, malloc(3) has
// the rest.
//
// Not under a sanitizer: it has operators of its own, which tell more.
#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define GLADHAND_KEEPS_OPERATORS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GLADHAND_KEEPS_OPERATORS 1
#endif
#endif

#ifndef GLADHAND_KEEPS_OPERATORS

namespace {

constexpr std::size_t alignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

// Before each piece: how much of the first memory is it, with itself.
struct alignas(alignment) Head {
  std::size_t size;
  std::size_t inverse;  // of size: who wrote past the piece before is found out
};

constexpr std::size_t first_size = std::size_t{64} * 1024;
constexpr std::size_t soon_taken = std::size_t{24} * 1024;  // by a dial of an address; of a name more

// Named for dial_order.*.ld, which has it behind the variables of a dial.
[[gnu::section(".bss.first_memory")]] alignas(alignment) constinit std::byte
    first_memory[first_size] = {};
constinit bool is_there = false;
constinit std::atomic<std::size_t> taken = 0;  // of it, from its begin

// The first who asks does so before there is a second thread.
void bring_first_memory() noexcept {
  constexpr int populate = 23;  // MADV_POPULATE_WRITE, since Linux 5.14: no page fault for each page
  constexpr std::uintptr_t page = 4096;
  const auto at = reinterpret_cast<std::uintptr_t>(first_memory);
  ::madvise(std::bit_cast<void*>(at - at % page), at % page + soon_taken, populate);
  is_there = true;
}

// Memory of that size, or null where the first has no more.
void* take(std::size_t size) noexcept {
  if (size > first_size / 4) return nullptr;
  const std::size_t whole = sizeof(Head) + (size + alignment - 1) / alignment * alignment;
  std::size_t begin = taken.load(std::memory_order_relaxed);
  if (begin == 0 && !is_there) bring_first_memory();
  do {
    if (whole > first_size - begin) return nullptr;
  } while (!taken.compare_exchange_weak(begin, begin + whole, std::memory_order_relaxed));
  return new (first_memory + begin) Head{whole, ~whole} + 1;
}

bool is_first(const void* memory) noexcept {
  const auto offset =
      reinterpret_cast<std::uintptr_t>(memory) - reinterpret_cast<std::uintptr_t>(first_memory);
  return offset < first_size;
}

// Only the last piece is there for another: a string that grows comes to no more than it ends with.
void wipe_and_give_back(void* memory) noexcept {
  Head* const head = static_cast<Head*>(memory) - 1;
  const std::size_t size = head->size;
  if (head->inverse != ~size) std::abort();
  ::explicit_bzero(head, size);
  const auto begin = static_cast<std::size_t>(reinterpret_cast<std::byte*>(head) - first_memory);
  std::size_t end = begin + size;
  taken.compare_exchange_strong(end, begin, std::memory_order_relaxed);
}

void wipe_and_free(void* memory) noexcept {
  if (memory == nullptr) return;
  if (is_first(memory)) return wipe_and_give_back(memory);
  ::explicit_bzero(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* const first = take(size)) return first;
  for (;;) {
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* operator new[](std::size_t size) {
  return operator new(size);
}

void operator delete(void* memory) noexcept {
  wipe_and_free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  wipe_and_free(memory);
}

void operator delete[](void* memory) noexcept {
  wipe_and_free(memory);
}

void operator delete[](void* memory, std::size_t /*size*/) noexcept {
  wipe_and_free(memory);
}

#endif

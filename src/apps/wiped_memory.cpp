// What is freed is wiped first: passwords, and whatever text was made of them on the way, by CLI11
// and Asio, too. Growing strings leave copies that no owner of theirs ever sees.
//
// Not under a sanitizer: it has operators of its own, which tell more.
#include <malloc.h>

#include <cstddef>
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

// The library's operator new takes memory from malloc(3).
void wipe_and_free(void* memory) noexcept {
  if (memory == nullptr) return;
  ::explicit_bzero(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

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

// c-ares takes its memory from operator new, as all else in a dial does.
#pragma once

namespace gladhand {

/// To be called before c-ares is asked for anything; again it does nothing.
void give_cares_our_memory();

}  // namespace gladhand

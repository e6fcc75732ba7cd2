// What a process gives up so that others gain nothing by it.
#pragma once

#include <string_view>

namespace gladhand {

/// Makes the users and passwords of URLs in these arguments, and the values of fields that `option`
/// names ("Name: value"), unreadable where the system shows them: in /proc and by ps(1).
void hide_secrets(int argc, char** argv, std::string_view option);

/// Wipes the stack below the caller's frame: what functions that have returned have left there. To
/// be called before each function that stays: in its own frame nobody can wipe what was left.
void wipe_dead_stack();

/// From now on no core dump is written of this process, and no other of this user's can look into
/// its memory; only the superuser can.
void forbid_dumps();

/// From now on no program that this process becomes or starts gains privileges, setuid ones
/// neither: not for one that runs programs of the user's.
void forbid_new_privileges();

}  // namespace gladhand

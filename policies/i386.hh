#pragma once

#include "policies/syscall_entry.hh"

#include <string_view>
#include <vector>

namespace caisson::policies {

/// What a group of system calls gives programs of linux/386 images: policies/i386.json, where a
/// name may stand for the group's own entries (`native`).
[[nodiscard]] std::vector<SyscallEntry> i386_calls(std::string_view group,
                                                   const std::vector<SyscallEntry>& native);

/// What is asked before all else of such programs, beside the floor.
[[nodiscard]] std::vector<SyscallEntry> i386_floor();

} // namespace caisson::policies

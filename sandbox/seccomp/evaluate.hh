#pragma once

#include <cstdint>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <span>

namespace caisson::sandbox {

/// What a filter answers to one call (SECCOMP_RET_…), as the kernel would run it: who decides in
/// the kernel's place (cell/socketcall.hh) asks the same program, and tests ask it call by call. Of
/// the instructions it knows those that a filter of ours has; any other, a load beyond the call's
/// data or a jump out of the program is an Error of kind kInternal.
[[nodiscard]] std::uint32_t evaluate_seccomp(std::span<const sock_filter> program,
                                             const seccomp_data& call);

} // namespace caisson::sandbox

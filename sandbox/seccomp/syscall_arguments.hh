#pragma once

#include "sandbox/seccomp/filter.hh"

#include <string_view>

namespace caisson::sandbox {

/// How many low bits of an argument the kernel reads: 16, 32 or 64. What lies above them it throws
/// away, and a filter that looked at it could be passed by setting it: socket(1 << 32 | AF_VSOCK)
/// makes a socket of AF_VSOCK. 64 where it is not known.
[[nodiscard]] unsigned
argument_bits(Architecture architecture, std::string_view name, unsigned index);

} // namespace caisson::sandbox

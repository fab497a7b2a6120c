#pragma once

#include "sandbox/seccomp/filter.hh"

#include <cstdint>
#include <optional>
#include <string_view>

namespace caisson::sandbox {

/// The number of the call of that name, or nothing where the architecture does not have it.
[[nodiscard]] std::optional<std::uint32_t> syscall_number(Architecture architecture,
                                                          std::string_view name);
/// The name of the call with that number, or "" where the architecture does not have it.
[[nodiscard]] std::string_view syscall_name(Architecture architecture, std::uint32_t number);
/// Whether some architecture has a call of that name.
[[nodiscard]] bool is_syscall(std::string_view name);

} // namespace caisson::sandbox

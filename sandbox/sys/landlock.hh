#pragma once

#include "sandbox/base/unique_fd.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <cstdint>

/// Landlock (landlock(7)). One call a function; SysError where it is refused.
namespace caisson::sandbox::sys {

/// The version of the kernel's Landlock; 0 where it has none, or it is off.
[[nodiscard]] int landlock_abi() noexcept;
/// A ruleset that handles `attributes`, each of which must be known to `abi`.
[[nodiscard]] UniqueFd landlock_create_ruleset(const LandlockRulesetAttributes& attributes,
                                               int abi);
/// Allows `access` (LANDLOCK_ACCESS_FS_…) beneath the open file or directory `parent`.
void landlock_allow_beneath(int ruleset, int parent, std::uint64_t access);
/// From here on this process and its children live under the ruleset. Needs no_new_privs.
void landlock_restrict_self(int ruleset);

/// Every file-system right that `abi` knows.
[[nodiscard]] std::uint64_t landlock_file_rights(int abi) noexcept;
/// Every scope that `abi` knows: abstract sockets and signals stay inside.
[[nodiscard]] std::uint64_t landlock_scopes(int abi) noexcept;

} // namespace caisson::sandbox::sys

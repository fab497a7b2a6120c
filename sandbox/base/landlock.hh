#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstdint>

/// Landlock (landlock(7)), on the floor because the signer and the sandbox both restrict
/// themselves. One call a function; SysError where it is refused.
namespace caisson {

/// struct landlock_ruleset_attr as of ABI 6 (include/uapi/linux/landlock.h of Linux 6.18), of which
/// Debian 12's header knows ABI 2; an older kernel gets a shorter size.
struct LandlockRulesetAttributes {
    std::uint64_t handled_access_fs = 0;
    std::uint64_t handled_access_net = 0; ///< ABI 4
    std::uint64_t scoped = 0;             ///< ABI 6
};

inline constexpr std::uint64_t kLandlockFsTruncate = 1ULL << 14;    ///< ABI 3
inline constexpr std::uint64_t kLandlockFsIoctlDevice = 1ULL << 15; ///< ABI 5
inline constexpr std::uint64_t kLandlockNetBindTcp = 1ULL << 0;
inline constexpr std::uint64_t kLandlockNetConnectTcp = 1ULL << 1;
inline constexpr std::uint64_t kLandlockScopeAbstractSocket = 1ULL << 0;
inline constexpr std::uint64_t kLandlockScopeSignal = 1ULL << 1;

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
/// Every right on TCP ports that `abi` knows.
[[nodiscard]] std::uint64_t landlock_port_rights(int abi) noexcept;
/// Every scope that `abi` knows: abstract sockets and signals stay inside.
[[nodiscard]] std::uint64_t landlock_scopes(int abi) noexcept;

/// Denies this process for good all that the kernel's Landlock knows: every file by its path, every
/// TCP port, signals and abstract sockets to others. What is open stays open. Where the kernel has
/// no Landlock it does nothing: not to be the only wall.
void landlock_deny_everything();

} // namespace caisson

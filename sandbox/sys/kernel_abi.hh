#pragma once

#include <array>
#include <cstdint>
#include <linux/audit.h>
#include <string_view>
#include <utility>

// What the kernel has and the headers and libraries of Debian 12 do not know yet: in this one
// place. Sources: include/uapi/linux/landlock.h and scripts/syscall.tbl of Linux 6.18.

namespace caisson::sandbox::sys {

/// struct landlock_ruleset_attr as of ABI 6; an older kernel gets a shorter size.
struct LandlockRulesetAttributes {
    std::uint64_t handled_access_fs = 0;
    std::uint64_t handled_access_net = 0; ///< ABI 4
    std::uint64_t scoped = 0;             ///< ABI 6
};

inline constexpr std::uint64_t kLandlockFsTruncate = 1ULL << 14;    ///< ABI 3
inline constexpr std::uint64_t kLandlockFsIoctlDevice = 1ULL << 15; ///< ABI 5
inline constexpr std::uint64_t kLandlockScopeAbstractSocket = 1ULL << 0;
inline constexpr std::uint64_t kLandlockScopeSignal = 1ULL << 1;

/// System calls newer than libseccomp 2.5.4. From 424 on the numbers are the same on every
/// architecture.
inline constexpr std::array<std::pair<std::string_view, int>, 19> kNewSystemCalls = {{
    {"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
    {"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
    {"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
    {"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
    {"file_setattr", 469},
}};
inline constexpr std::uint32_t kNewestSystemCall = 469;

#if defined(__x86_64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "caisson knows the system calls of x86-64 and of 64-bit ARM only"
#endif

} // namespace caisson::sandbox::sys

#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

// What the kernel has and the headers and libraries of Debian 12 do not know yet: in this one
// place (Landlock: base/landlock.hh). Source: scripts/syscall.tbl of Linux 6.18.

namespace caisson::sandbox::sys {

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

/// Of other architectures alone: names that say nothing here, but are no mistake.
inline constexpr std::array<std::string_view, 1> kForeignSystemCalls = {"riscv_hwprobe"};

/// The same for this architecture alone.
#if defined(__x86_64__)
inline constexpr std::array<std::pair<std::string_view, int>, 2> kNewNativeSystemCalls = {{
    {"uretprobe", 335},
    {"uprobe", 336},
}};
#else
inline constexpr std::array<std::pair<std::string_view, int>, 0> kNewNativeSystemCalls = {};
#endif

} // namespace caisson::sandbox::sys

#pragma once

#include <map>
#include <string>
#include <string_view>

namespace caisson::sandbox {

/// Who sees to it that a step stays within a limit on this host.
enum class Holder {
    kNobody,  ///< this host has nothing that could
    kWatcher, ///< the chamber's watcher, or the runner: the step is ended soon after
    kRlimit,  ///< the kernel, by a resource limit (setrlimit(2))
    kCgroup1, ///< the kernel, by a cgroup of version 1
    kCgroup2, ///< the kernel, by a cgroup of version 2
    kTmpfs,   ///< the kernel, by the size of the file system in memory
    kFilter,  ///< the kernel, by the system-call filter: there is no way to ask for it
    kHost,    ///< the host has no more of it than the limit gives
};

/// By the policy's key: "memory_bytes", "disk_files". Of the limits that not every host can hold;
/// the others are held everywhere.
using LimitHolders = std::map<std::string, Holder>;

/// The word of the record: "nobody", "watcher", "rlimit", "cgroup-v1", "cgroup-v2", "tmpfs",
/// "seccomp", "host".
[[nodiscard]] std::string_view holder_word(Holder holder) noexcept;
/// Whether not one byte more is to be had.
[[nodiscard]] bool is_kernel(Holder holder) noexcept;

} // namespace caisson::sandbox

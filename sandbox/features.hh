#pragma once

#include <cstdint>
#include <string>

namespace caisson::sandbox {

enum class Cgroups { kNone, kV1, kV2 };

/// What this kernel and this host give. Found by trying, never by a version number: distributions
/// carry features back and switch others off.
struct Features {
    bool user_namespaces = false; ///< the calling user may make one
    bool seccomp_filters = false;
    int landlock_abi = 0; ///< 0 is none
    Cgroups cgroups = Cgroups::kNone;
};

[[nodiscard]] Features probe_features();

/// Whether the chamber keeps trees in memory, because the directory `trees` lies on overlayfs,
/// which cannot be the upper layer of another. They last as long as the chamber; layers are
/// unpacked again by the next build.
[[nodiscard]] bool trees_lie_in_memory(int trees);

/// The memory that this host has.
[[nodiscard]] std::uint64_t host_memory_bytes();
/// Whether there is space to swap to now.
[[nodiscard]] bool host_has_swap();
/// Whether there are huge pages (hugetlbfs) to be had now, or more may be made when asked for.
[[nodiscard]] bool host_has_huge_pages();

/// Whether the calling user may make a user namespace; tried in a child.
[[nodiscard]] bool user_namespaces_work();
/// What to do where they do not: the switch of this host that is off. Empty where none is known.
[[nodiscard]] std::string user_namespace_hint();

} // namespace caisson::sandbox

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::sandbox {

/// A tree of cgroups that this process is in (cgroups(7)): the one of version 2, or one of those of
/// version 1.
struct Hierarchy {
    int version = 1;
    std::vector<std::string>
        controllers; ///< of version 1, as /proc/self/cgroup has them; of version 2 none: see there
    std::filesystem::path mount; ///< where it is mounted
    std::filesystem::path own;   ///< the directory of the group that this process is in

    [[nodiscard]] bool has(std::string_view controller) const;
};

/// Those trees in which the caller's own group can be reached, from the texts of /proc/self/cgroup
/// and /proc/self/mountinfo. Left out is a tree that is not mounted, one whose mount shows another
/// part of it, and one in which the caller's group was removed. Lines that mean nothing are
/// skipped.
[[nodiscard]] std::vector<Hierarchy> find_hierarchies(std::string_view cgroup,
                                                      std::string_view mountinfo);
/// The same of this process, now.
[[nodiscard]] std::vector<Hierarchy> find_hierarchies();

} // namespace caisson::sandbox

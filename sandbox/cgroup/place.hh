#pragma once

#include "sandbox/base/unique_fd.hh"
#include "sandbox/cgroup/group.hh"
#include "sandbox/cgroup/hierarchy.hh"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caisson::sandbox {

/// The group that this process was started in, emptied for the build: version 2 gives controllers
/// to the groups below only where no process is left beside them ("no internal processes",
/// cgroup-v2.rst). Its end puts all back.
class Evacuation {
public:
    /// Moves this process and all that it started from `own` to a group below it and turns
    /// `controllers` on there. Nothing where others live in it too, or where the kernel says no;
    /// then nothing has changed.
    [[nodiscard]] static std::unique_ptr<Evacuation> try_make(int own, const std::string& name);
    ~Evacuation();
    Evacuation(const Evacuation&) = delete;
    Evacuation& operator=(const Evacuation&) = delete;

private:
    Evacuation(UniqueFd own, Group refuge);

    UniqueFd own_;
    Group refuge_;
    std::vector<std::string> enabled_;
};

/// Limits of groups that a build's groups are not made in, though this process is: they go on to
/// hold.
struct InheritedBounds {
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::uint64_t> processes;
    std::string cpu; ///< a line of cpu.max; empty: none
};

/// Where the groups of a build may be made, in one tree of cgroups.
struct GroupPlace {
    int version = 1;
    std::vector<std::string> controllers; ///< that a group made here has
    UniqueFd directory;
    InheritedBounds bounds;
    std::unique_ptr<Evacuation> evacuation;

    [[nodiscard]] bool has(std::string_view controller) const;
};

/// The places that this host gives us: one of version 2, if groups there can bound memory, else
/// those of version 1; none for most ordinary users. `name` is for what has to be made on the way.
[[nodiscard]] std::vector<GroupPlace> find_places(const std::vector<Hierarchy>& hierarchies,
                                                  const std::string& name);

} // namespace caisson::sandbox

#pragma once

#include "sandbox/cgroup/group.hh"
#include "sandbox/cgroup/place.hh"
#include "sandbox/holders.hh"
#include "sandbox/plan.hh"

namespace caisson::sandbox {

// What is written into the files of a group, in the words of either version (cgroup-v2.rst;
// cgroup-v1/*.rst). Each returns the limits that the kernel took.

/// The group of a whole build.
[[nodiscard]] LimitHolders
bound_build(const GroupPlace& place, const Group& group, const Limits& limits);
/// The group of one step, in one tree.
[[nodiscard]] LimitHolders
bound_step(const GroupPlace& place, const Group& group, const Limits& limits);

/// Whether this machine has more cores at once than the limit gives: only then is there something
/// to bound.
[[nodiscard]] bool cores_exceed(std::uint64_t cpu_percent);

} // namespace caisson::sandbox

#pragma once

#include "sandbox/cgroup/build_groups.hh"
#include "sandbox/holders.hh"
#include "sandbox/plan.hh"

namespace caisson::sandbox {

/// Who holds which limit here: the cgroups (none on most hosts of ordinary users), or what there is
/// in any case.
[[nodiscard]] LimitHolders
find_holders(const BuildGroups* groups, const Limits& limits, bool trees_in_memory);

} // namespace caisson::sandbox

#pragma once

#include "sandbox/base/channel.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/plan.hh"

#include <vector>

namespace caisson::sandbox {

/// What a step gets beside its plan.
struct CellDescriptors {
    UniqueFd filter; ///< a file with the seccomp program; its position does not matter
    UniqueFd output; ///< write end of a pipe
    UniqueFd errors; ///< write end of a pipe
    UniqueFd input;  ///< read end of a pipe; none: the step reads /dev/null
    /// The cell's end of the channel to cell/supervisor.hh; none: its architecture wants none.
    UniqueFd supervisor;
    std::vector<UniqueFd> groups; ///< `tasks` of each cgroup of version 1 that it is to run in
};

/// Gives a prepared cell the plan that it waits for in its set-up step "await plan".
void send_plan(const Channel& cell, const Plan& plan, const CellDescriptors& descriptors);

} // namespace caisson::sandbox

#pragma once

#include "sandbox/base/channel.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/cell/user.hh"
#include "sandbox/plan.hh"

#include <linux/filter.h>
#include <optional>
#include <span>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace caisson::sandbox {

/// What the set-up steps of one cell work with. The first two are handed in; each other member is
/// left by one step for a later one.
struct CellSetup {
    /// From the chamber: word that the id maps are written, then the plan (cell/handover.hh).
    Channel chamber;
    UniqueFd report;      ///< JSON lines to the chamber (cell/report.hh)
    rlim_t processes = 0; ///< RLIMIT_NPROC

    UniqueFd procfs; ///< a fresh procfs of this pid namespace
    UniqueFd memory; ///< what its meminfo is to be, still empty

    // from here on left by "await plan"
    Plan plan;
    UniqueFd filter;              ///< the seccomp program
    UniqueFd output;              ///< the step's standard output
    UniqueFd errors;              ///< the step's standard error
    UniqueFd input;               ///< the step's standard input; none: /dev/null
    std::vector<UniqueFd> groups; ///< `tasks` of each cgroup of version 1 that it is to run in
    /// To cell/supervisor.hh, where the plan's architecture wants one.
    std::optional<Channel> supervisor;

    UniqueFd root; ///< the root of the step's tree
    User user;
    std::string program; ///< argv[0], found
    std::vector<sock_filter> system_calls;
    int landlock_abi = 0;
};

/// One line of the set-up.
struct Step {
    const char* name;
    void (*run)(CellSetup&);
    const char* why_here; ///< what breaks if the line moves
};

/// The cell's set-up, top to bottom. `caisson explain` prints it.
[[nodiscard]] std::span<const Step> cell_setup() noexcept;

/// Runs every step and becomes the command. Never returns: a step that fails is reported to the
/// chamber.
[[noreturn]] void run_setup(CellSetup& setup) noexcept;

} // namespace caisson::sandbox

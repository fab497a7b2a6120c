#pragma once

#include "sandbox/base/channel.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/program.hh"
#include "sandbox/cgroup/build_groups.hh"
#include "sandbox/launch.hh"

#include <string>
#include <vector>

namespace caisson::sandbox {

struct StartedChamber {
    Channel channel;
    Program program;
    std::vector<bool> owners; ///< of each host path: seen inside
};

/// Starts the chamber, in its group of `groups` (none on a host without cgroups), up to where it
/// waits for requests. What keeps it from that is an Error of kind kHost.
[[nodiscard]] StartedChamber start_chamber(const ChamberOptions& options,
                                           const BuildGroups* groups);

/// Makes the directory of trees the chamber's: the one thing of the host that it writes to.
void hand_over_trees(const ChamberOptions& options);

/// That of a chamber which is gone; `last_words`: the error that it sent, if it did.
[[nodiscard]] Error ended_unexpectedly(const std::string& last_words);

} // namespace caisson::sandbox

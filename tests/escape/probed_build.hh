#pragma once

#include "tests/support/probe.hh"
#include "tests/support/workspace.hh"

#include <string>
#include <vector>

namespace caisson::testing {

/// What caisson-probe finds in a step of a real build, started in the middle of bait by a careless
/// launcher. `options` are the probe's, `build_options` those of `caisson build`.
struct ProbedBuild {
    Ran build;
    std::vector<ProbeLine> lines; ///< empty where the build failed
};
[[nodiscard]] ProbedBuild probe_in_build(const Workspace& work,
                                         const std::vector<std::string>& options,
                                         const std::vector<std::string>& build_options = {});

} // namespace caisson::testing

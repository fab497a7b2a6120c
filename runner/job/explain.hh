#pragma once

#include "policies/policy.hh"
#include "runner/job/build_plan.hh"
#include "runner/job/compile_filter.hh"
#include "runner/job/run_plan.hh"
#include "sandbox/plan.hh"

#include <nlohmann/json_fwd.hpp>

namespace caisson::runner {

// A plan with its reasons, as one object ("format": "caisson-explain@v1", docs/cli.md). Nothing is
// started but `caisson-chamber describe`, which says what every cell has.

/// Of a build: what all its cells have in common, and each RUN.
[[nodiscard]] nlohmann::json explain_build(const policies::Policy& policy, const BuildPlan& build);

/// Of `caisson run`.
[[nodiscard]] nlohmann::json explain_run(const RunPlan& run);

} // namespace caisson::runner

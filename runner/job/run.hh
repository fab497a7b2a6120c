#pragma once

#include "runner/job/run_plan.hh"
#include "sandbox/outcome.hh"

#include <string>
#include <vector>

namespace caisson::runner {

/// How a cell of `caisson run` ended, and what of its plan this host could not give.
struct RunResult {
    sandbox::Outcome outcome;
    std::vector<std::string> degraded; ///< for people: "landlock: ABI 4; …"
};

/// Runs the command in one cell, with the caller's standard streams copied to and from it. What it
/// changed is gone afterwards, but for what was bound writable. `output`: where its standard output
/// goes, borrowed. Ctrl-C is an Error of kind kInterrupted.
[[nodiscard]] RunResult run(const RunPlan& plan, Store& store, int output);

} // namespace caisson::runner

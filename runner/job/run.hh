#pragma once

#include "runner/job/run_plan.hh"
#include "sandbox/outcome.hh"

#include <map>
#include <string>
#include <vector>

namespace caisson::runner {

/// The caller's; borrowed.
struct RunStreams {
    int input = -1; ///< -1: the command reads /dev/null
    int output = -1;
    int errors = -1;
};

/// Something of a plan that this host could not give.
struct Degradation {
    std::string what;   ///< "landlock", "limits", "owners", "trees"
    std::string detail; ///< for people: "ABI 4 of 6"
};

/// How a cell of `caisson run` ended.
struct RunResult {
    sandbox::Outcome outcome;
    std::vector<Degradation> degraded;
    std::map<std::string, std::string> limits_held_by; ///< limit to "cgroup-v2", "watcher", …
};

/// Runs the command in one cell, with `streams` copied to and from it. What it changed is gone
/// afterwards, but for what was bound writable. Ctrl-C is an Error of kind kInterrupted.
[[nodiscard]] RunResult run(const RunPlan& run, Store& store, const RunStreams& streams);

} // namespace caisson::runner

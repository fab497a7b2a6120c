#pragma once

#include "attest/record.hh"
#include "runner/graph/node.hh"
#include "runner/job/context.hh"
#include "runner/job/site.hh"
#include "runner/progress/progress.hh"

#include <chrono>
#include <optional>
#include <string>

namespace caisson::runner {

/// What one operation works with.
struct StepInput {
    Site& site;
    Progress& progress;
    const Context& context;
    std::size_t number = 0;
    int filter = -1;
    std::int64_t epoch = 0;
    std::chrono::steady_clock::time_point deadline; ///< of the whole build
    std::chrono::seconds build_time{0}; ///< policy limits.build_seconds, which led to it
    std::string tree;                   ///< takes what the operation writes
    std::vector<std::string> lowers;    ///< what it builds on, topmost first
    std::vector<std::string> source;    ///< the trees that COPY --from reads, topmost first
};

/// Runs a command in a cell. Fills exit code, verdict, Landlock ABI and layer-independent facts of
/// `evidence`; returns the last lines it printed. A bad end is a StepError.
std::string run_step(const StepInput& input, const RunOp& op, attest::StepEvidence& evidence);
/// COPY and ADD. `selection`: of the context, for a source in it.
void copy_step(const StepInput& input,
               const CopyOp& op,
               const std::optional<Context::Selection>& selection);
/// WORKDIR.
void directory_step(const StepInput& input, const DirectoryOp& op);

} // namespace caisson::runner

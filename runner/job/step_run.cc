#include "runner/job/cell_run.hh"
#include "runner/job/holders.hh"
#include "runner/job/step_error.hh"
#include "runner/job/step_output.hh"
#include "runner/job/steps.hh"
#include "sandbox/base/error.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

std::string
failure_text(const std::string& name, const sandbox::Outcome& outcome, const std::string& tail)
{
    std::string text = name + ": " + verdict_text(outcome);
    if (!tail.empty()) text += "; its last lines:\n" + tail;
    while (text.ends_with('\n'))
        text.pop_back();
    return text;
}

/// What is left of the build's time.
std::chrono::milliseconds time_left(std::chrono::steady_clock::time_point deadline)
{
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left <= std::chrono::milliseconds(0))
        throw Error(ErrorKind::kStep,
                    "the build took longer than the policy allows (limits.build_seconds)");
    return left;
}

} // namespace

std::string run_step(const StepInput& input, const RunOp& op, attest::StepEvidence& evidence)
{
    sandbox::Plan plan = op.plan;
    plan.lowers = input.lowers;
    plan.upper = input.tree;
    const std::chrono::milliseconds time = time_left(input.deadline);
    const std::uint64_t disk = input.site.disk_left();
    plan.limits.step_time = std::min(plan.limits.step_time, time);
    plan.limits.disk_bytes = std::min(plan.limits.disk_bytes, disk);

    StepOutput output(input.progress, input.number, plan.limits.output_bytes);
    sandbox::Outcome outcome = run_in_cell(input.site.chamber(), plan, input.filter, output);
    // where the build had less left than a step may take
    if (outcome.limit == "step_seconds" && time < op.plan.limits.step_time) {
        outcome.limit = "build_seconds";
        outcome.allowed = static_cast<std::uint64_t>(input.build_time.count());
    }
    if (outcome.limit == "disk_bytes" && disk < op.plan.limits.disk_bytes) {
        outcome.limit = "build_disk_bytes";
        outcome.allowed = op.plan.limits.build_disk_bytes;
    }
    std::string tail = output.finish();

    evidence.exit_code = outcome.code;
    evidence.verdict = verdict_word(outcome.kind);
    evidence.landlock_abi = outcome.landlock_abi;
    evidence.limits_held_by = holder_words(input.site.holders());
    if (!outcome.ok()) throw StepError(plan.name, outcome, failure_text(plan.name, outcome, tail));
    return tail;
}

} // namespace caisson::runner

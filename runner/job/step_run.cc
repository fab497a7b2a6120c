#include "runner/job/interrupt.hh"
#include "runner/job/step_error.hh"
#include "runner/job/step_output.hh"
#include "runner/job/steps.hh"
#include "sandbox/base/scope_exit.hh"

#include <algorithm>
#include <atomic>

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

/// What a step may still take: its own limit, or what is left of the build's.
std::chrono::milliseconds time_left(std::chrono::steady_clock::time_point deadline,
                                    std::chrono::milliseconds limit)
{
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left <= std::chrono::milliseconds(0))
        throw Error(ErrorKind::kStep,
                    "the build took longer than the policy allows (limits.build_seconds)");
    return std::min(left, limit);
}

} // namespace

std::string run_step(const StepInput& input, const RunOp& op, attest::StepEvidence& evidence)
{
    sandbox::Plan plan = op.plan;
    plan.lowers = input.lowers;
    plan.upper = input.tree;
    plan.limits.step_time = time_left(input.deadline, plan.limits.step_time);

    sandbox::Chamber& chamber = input.site.chamber();
    std::atomic<std::uint64_t> request = 0;
    StepOutput output(input.progress, input.number, plan.limits.output_bytes, [&] {
        chamber.stop(request, sandbox::Outcome::Kind::kTooMuchOutput);
    });
    auto running = chamber.run(plan, input.filter, output.output(), output.errors());
    request = running.request;
    output.release();
    output.start();
    Interrupt::on_request([&chamber, id = running.request] { chamber.stop(id); });
    const ScopeExit forget([] { Interrupt::on_request({}); });

    const sandbox::Outcome outcome = in_context(plan.name, [&] { return running.outcome.get(); });
    const std::string tail = output.finish();
    if (Interrupt::requested()) Interrupt::check();

    evidence.exit_code = outcome.code;
    evidence.verdict = verdict_word(outcome.kind);
    evidence.landlock_abi = outcome.landlock_abi;
    if (!outcome.ok()) throw StepError(plan.name, outcome, failure_text(plan.name, outcome, tail));
    return tail;
}

} // namespace caisson::runner

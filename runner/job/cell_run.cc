#include "runner/job/cell_run.hh"

#include "runner/job/interrupt.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/scope_exit.hh"

namespace caisson::runner {

sandbox::Outcome
run_in_cell(sandbox::Chamber& chamber, const sandbox::Plan& plan, int filter, StepStreams& streams)
{
    auto running = chamber.run(plan, filter, streams.pipes());
    streams.start([&chamber, id = running.request](sandbox::Outcome::Kind reason) {
        chamber.stop(id, reason);
    });
    Interrupt::on_request([&chamber, id = running.request] { chamber.stop(id); });
    const ScopeExit forget([] { Interrupt::on_request({}); });

    sandbox::Outcome outcome = in_context(plan.name, [&] { return chamber.wait(running); });
    if (Interrupt::requested()) Interrupt::check();
    return outcome;
}

} // namespace caisson::runner

#pragma once

#include "sandbox/launch.hh"

#include <functional>

namespace caisson::runner {

/// What a step writes to, and where that goes.
class StepStreams {
public:
    virtual ~StepStreams() = default;
    StepStreams() = default;
    StepStreams(const StepStreams&) = delete;
    StepStreams& operator=(const StepStreams&) = delete;

    /// The cell's ends of the pipes, borrowed until start().
    [[nodiscard]] virtual sandbox::StepPipes pipes() const = 0;
    /// The cell has its ends: closes ours and begins to copy, on a thread of its own. `stop` ends
    /// the step for the reason it is given; it may be called as long as the chamber lives.
    virtual void start(std::function<void(sandbox::Outcome::Kind)> stop) = 0;
};

/// Runs one plan in a cell and waits for its end; Ctrl-C stops it and is an Error of kind
/// kInterrupted. Every cell that the runner wants is started here. `filter`: the seccomp program,
/// borrowed.
[[nodiscard]] sandbox::Outcome
run_in_cell(sandbox::Chamber& chamber, const sandbox::Plan& plan, int filter, StepStreams& streams);

} // namespace caisson::runner

#include "runner/job/step_error.hh"

#include <cstring>

namespace caisson::runner {

std::string verdict_word(sandbox::Outcome::Kind kind)
{
    using Kind = sandbox::Outcome::Kind;
    switch (kind) {
    case Kind::kExited:
        return "exited";
    case Kind::kSignalled:
        return "signalled";
    case Kind::kTimedOut:
        return "timed-out";
    case Kind::kTooMuchOutput:
        return "too-much-output";
    case Kind::kInterrupted:
        return "interrupted";
    case Kind::kNotFound:
        return "not-found";
    }
    return "unknown";
}

std::string verdict_text(const sandbox::Outcome& outcome)
{
    using Kind = sandbox::Outcome::Kind;
    switch (outcome.kind) {
    case Kind::kExited:
        return "exit code " + std::to_string(outcome.code);
    case Kind::kSignalled: {
        const char* name = ::sigabbrev_np(outcome.code);
        return "killed by signal " + std::to_string(outcome.code) +
               (name == nullptr ? "" : std::string(" (SIG") + name + ")");
    }
    case Kind::kTimedOut:
        return "took longer than the policy allows (limits.step_seconds, or what was left of "
               "limits.build_seconds)";
    case Kind::kTooMuchOutput:
        return "printed more than the policy allows (limits.output_bytes)";
    case Kind::kInterrupted:
        return "interrupted";
    case Kind::kNotFound:
        return outcome.detail.empty() ? "command not found" : outcome.detail;
    }
    return "ended in an unknown way";
}

} // namespace caisson::runner

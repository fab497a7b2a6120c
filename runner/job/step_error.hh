#pragma once

#include "sandbox/base/error.hh"
#include "sandbox/outcome.hh"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace caisson::runner {

/// A step did not end well. The message says how and shows its last lines; the outcome goes into
/// the metadata.
class StepError : public Error {
public:
    StepError(std::string step, sandbox::Outcome outcome, const std::string& message)
        : Error(ErrorKind::kStep, message)
        , step_(std::move(step))
        , outcome_(std::move(outcome))
    {}
    [[nodiscard]] const std::string& step() const noexcept { return step_; }
    [[nodiscard]] const sandbox::Outcome& outcome() const noexcept { return outcome_; }

private:
    std::string step_;
    sandbox::Outcome outcome_;
};

/// "exited", "signalled", "timed-out" …: the word for the record and the metadata.
[[nodiscard]] std::string verdict_word(sandbox::Outcome::Kind kind);
/// "2 GiB", "90 s", "4096": a limit by the unit that its key ends in.
[[nodiscard]] std::string limit_amount(std::string_view key, std::uint64_t value);
/// What ended a step, for people: "exit code 3", "killed by signal 9 (SIGKILL)", "killed: memory 2
/// GiB, policy limits.memory_bytes".
[[nodiscard]] std::string verdict_text(const sandbox::Outcome& outcome);
/// Whether what a step said at its end looks as if it had wanted the network: by the words that the
/// C library, and the tools that fetch things, have for it.
[[nodiscard]] bool speaks_of_network(std::string_view text);

} // namespace caisson::runner

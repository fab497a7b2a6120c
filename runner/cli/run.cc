// `caisson run`: one command in one cell.
#include "runner/job/run.hh"

#include "runner/cli/command.hh"
#include "runner/cli/exit_code.hh"
#include "runner/cli/run_options.hh"
#include "runner/job/interrupt.hh"
#include "runner/job/relay.hh"
#include "runner/job/step_error.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/log.hh"
#include "sandbox/base/text.hh"

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

constexpr int kLimit = 1;
constexpr int kNoCell = 125; // as docker run and podman run have it
constexpr int kSignal = 128;

int exit_code_of(const sandbox::Outcome& outcome)
{
    using Kind = sandbox::Outcome::Kind;
    switch (outcome.kind) {
    case Kind::kExited:
    case Kind::kNotFound:
        return outcome.code;
    case Kind::kSignalled:
        return kSignal + outcome.code;
    default:
        return kLimit;
    }
}

void print(const json& object)
{
    // ASCII only: what the command was called cannot act on a terminal
    write_all(STDOUT_FILENO, object.dump(2, ' ', true, json::error_handler_t::replace) + "\n");
}

json to_json(const RunPlan& plan, const RunResult& result)
{
    const sandbox::Outcome& outcome = result.outcome;
    const auto seconds = [](std::chrono::microseconds time) {
        return std::chrono::duration<double>(time).count();
    };
    json object = {{"format", "caisson-run@v1"},
                   {"verdict", verdict_word(outcome.kind)},
                   {"code", outcome.code},
                   {"exit", exit_code_of(outcome)},
                   {"wallSeconds", seconds(outcome.wall)},
                   {"cpuSeconds", seconds(outcome.cpu)},
                   {"peakMemoryBytes", outcome.peak_memory_bytes},
                   {"root", {{"kind", root_word(plan.root)}, {"name", plan.root_name}}},
                   {"policy", {{"name", plan.policy.name}, {"digest", plan.policy_digest.text()}}},
                   {"seccomp", plan.filter.digest},
                   {"landlockAbi", outcome.landlock_abi},
                   {"limitsHeldBy", result.limits_held_by},
                   {"degraded", json::array()}};
    for (const Degradation& one : result.degraded)
        object["degraded"].push_back({{"what", one.what}, {"detail", one.detail}});
    if (outcome.kind == sandbox::Outcome::Kind::kSignalled) object["signal"] = outcome.code;
    if (!outcome.limit.empty())
        object["limit"] = {{"name", outcome.limit}, {"allowed", outcome.allowed}};
    if (!outcome.detail.empty()) object["detail"] = outcome.detail;
    return object;
}

int run_verb(const RunOptions& options, const std::vector<std::string>& command, bool as_json)
{
    const RunRequest request = request_of(options, command);
    const Interrupt interrupt; // blocks the signals: before any thread
    const std::unique_ptr<Store> store = Store::open(request.store);
    const RunPlan plan = plan_run(request, *store);
    for (const std::string& warning : warnings_of(plan.filter, plan.plan))
        say("warning: " + printable(warning));
    // with --json the object is the only thing on standard output
    const RunResult result = run(plan,
                                 *store,
                                 {.input = input_for_cell(),
                                  .output = as_json ? STDERR_FILENO : STDOUT_FILENO,
                                  .errors = STDERR_FILENO});
    const sandbox::Outcome& outcome = result.outcome;
    if (as_json)
        print(to_json(plan, result));
    else if (outcome.kind != sandbox::Outcome::Kind::kExited &&
             outcome.kind != sandbox::Outcome::Kind::kSignalled)
        say(verdict_text(outcome));
    return exit_code_of(outcome);
}

/// This verb's exit codes are its own: whatever kept the cell from being is 125, so that it cannot
/// be taken for the command's.
int run_to_an_exit_code(const RunOptions& options,
                        const std::vector<std::string>& command,
                        bool as_json)
try {
    return run_verb(options, command, as_json);
} catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) throw;
    const int code = error.kind() == ErrorKind::kUsage ? exit_code(error.kind()) : kNoCell;
    if (as_json)
        print({{"format", "caisson-run@v1"},
               {"verdict", "no-cell"},
               {"exit", code},
               {"error", error.message()},
               {"hint", error.hint()}});
    say(error.what());
    return code;
}

} // namespace

Action add_run(CLI::App& app, const std::vector<std::string>& command)
{
    const std::shared_ptr<RunOptions> options = add_run_options(app);
    auto as_json = std::make_shared<bool>(false);
    app.add_flag("--json",
                 *as_json,
                 "Print how it ended as one JSON object; what the command prints goes to standard "
                 "error");
    return
        [options, as_json, &command] { return run_to_an_exit_code(*options, command, *as_json); };
}

} // namespace caisson::runner

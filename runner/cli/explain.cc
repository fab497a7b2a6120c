// `caisson explain`: what build or run would do, with the reasons, and nothing of it done.
#include "runner/job/explain.hh"

#include "policies/narrow.hh"
#include "runner/cli/build_options.hh"
#include "runner/cli/command.hh"
#include "runner/cli/explain_text.hh"
#include "runner/cli/run_options.hh"
#include "runner/job/interrupt.hh"
#include "sandbox/base/file.hh"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

void print(const json& explanation, bool as_json)
{
    // ASCII only: nothing that a Dockerfile says acts on a terminal
    write_all(STDOUT_FILENO,
              as_json ? explanation.dump(2, ' ', true, json::error_handler_t::replace) + "\n"
                      : explanation_text(explanation));
}

json explain(const BuildOptions& options)
{
    const BuildRequest request = request_of(options);
    const std::unique_ptr<Progress> progress = Progress::make(Progress::Kind::kPlain);
    const std::unique_ptr<Store> store = Store::open(request.store);
    const policies::Policy policy = policies::narrow(policies::load_policy(request.policy), {});
    const Sources sources = read_sources(request);
    return explain_build(
        policy, plan_build(request, policy, sources, *store, *progress, BaseSearch::kHere));
}

json explain(const RunOptions& options, const std::vector<std::string>& command)
{
    const RunRequest request = request_of(options, command);
    const std::unique_ptr<Store> store = Store::open(request.store);
    return explain_run(plan_run(request, *store));
}

} // namespace

Action add_explain(CLI::App& app, const std::vector<std::string>& command)
{
    app.require_subcommand(1);
    auto as_json = std::make_shared<bool>(false);
    const auto add = [&](const char* name, const char* what) {
        CLI::App* const verb = app.add_subcommand(name, what);
        verb->add_flag("--json", *as_json, "As one JSON object");
        return verb;
    };
    CLI::App* const build = add("build", "Of `caisson build` with the same options");
    CLI::App* const run = add("run", "Of `caisson run` with the same options");
    const std::shared_ptr<BuildOptions> build_options = add_build_options(*build);
    const std::shared_ptr<RunOptions> run_options = add_run_options(*run);
    return [=, &command] {
        const Interrupt interrupt; // blocks the signals: before any thread
        print(build->parsed() ? explain(*build_options) : explain(*run_options, command), *as_json);
        return 0;
    };
}

} // namespace caisson::runner

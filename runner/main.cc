#include "runner/cli/command.hh"
#include "runner/cli/exit_code.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/log.hh"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

namespace {

using caisson::runner::Action;

/// Takes what follows `--` off the arguments of a verb that runs a command: it is the command's as
/// it stands, where the parser would read options in it and take `[a,b]` apart.
std::vector<std::string> take_command(std::vector<std::string>& arguments)
{
    const bool runs = (!arguments.empty() && arguments[0] == "run") ||
                      (arguments.size() > 1 && arguments[0] == "explain" && arguments[1] == "run");
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    if (!runs || dashes == arguments.end()) return {};
    std::vector<std::string> command(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
    return command;
}

int run(int argc, char** argv)
{
    std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::vector<std::string> command = take_command(arguments);
    CLI::App app(
        "Builds container images from Dockerfiles in sealed cells, and signs what went into them.",
        "caisson");
    app.set_version_flag("--version", "caisson " CAISSON_VERSION);
    app.require_subcommand(1);
    app.failure_message(CLI::FailureMessage::simple);
    std::map<const CLI::App*, Action> actions;
    const auto add =
        [&](const char* name, const char* what, const std::function<Action(CLI::App&)>& verb) {
            CLI::App* added = app.add_subcommand(name, what);
            actions[added] = verb(*added);
        };
    add("build", "Build an image from a Dockerfile", caisson::runner::add_build);
    add("run", "Run a command in a cell: [OPTIONS] -- COMMAND...", [&](CLI::App& verb) {
        return caisson::runner::add_run(verb, command);
    });
    add("explain", "Print what build or run would do, with reasons", [&](CLI::App& verb) {
        return caisson::runner::add_explain(verb, command);
    });
    add("verify",
        "Check the attestation of an image, clause by clause",
        caisson::runner::add_verify);
    add("inspect", "Show what an attestation says", caisson::runner::add_inspect);
    add("image", "List, inspect, copy and remove images of the store", caisson::runner::add_image);
    add("key", "Make or show a signing key", caisson::runner::add_key);
    add("host", "Try what this host can give", caisson::runner::add_host);
    add("store", "Clean up the store", caisson::runner::add_store);
    try {
        std::reverse(arguments.begin(), arguments.end()); // as the parser wants them
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : caisson::runner::exit_code(caisson::ErrorKind::kUsage);
    }
    return actions.at(app.get_subcommands().front())();
}

} // namespace

int main(int argc, char** argv)
{
    // a reader that goes away is an error of the write, not the end of this program
    (void)::signal(SIGPIPE, SIG_IGN);
    try {
        return run(argc, argv);
    } catch (const caisson::Error& error) {
        caisson::say(error.what());
        return caisson::runner::exit_code(error.kind());
    } catch (const std::exception& error) {
        caisson::say(std::string("internal error: ") + error.what());
        return caisson::runner::exit_code(caisson::ErrorKind::kInternal);
    }
}

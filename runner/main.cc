#include "runner/cli/command.hh"
#include "runner/cli/exit_code.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/log.hh"

#include <CLI/CLI.hpp>
#include <csignal>
#include <map>

namespace {

using caisson::runner::Action;

int run(int argc, char** argv)
{
    CLI::App app(
        "Builds container images from Dockerfiles in sealed cells, and signs what went into them.",
        "caisson");
    app.set_version_flag("--version", "caisson " CAISSON_VERSION);
    app.require_subcommand(1);
    app.failure_message(CLI::FailureMessage::simple);
    std::map<const CLI::App*, Action> actions;
    const auto add = [&](const char* name, const char* what, Action (*verb)(CLI::App&)) {
        CLI::App* command = app.add_subcommand(name, what);
        actions[command] = verb(*command);
    };
    add("build", "Build an image from a Dockerfile", caisson::runner::add_build);
    add("verify",
        "Check the attestation of an image, clause by clause",
        caisson::runner::add_verify);
    add("inspect", "Show what an attestation says", caisson::runner::add_inspect);
    add("image", "List, inspect, copy and remove images of the store", caisson::runner::add_image);
    add("key", "Make or show a signing key", caisson::runner::add_key);
    add("store", "Clean up the store", caisson::runner::add_store);
    try {
        app.parse(argc, argv);
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
    ::signal(SIGPIPE, SIG_IGN);
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

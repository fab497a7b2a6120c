#include "runner/cli/run_options.hh"

#include "runner/store/store.hh"
#include "sandbox/base/error.hh"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace caisson::runner {
namespace {

constexpr const char* kRoots = R"(The root of the cell:
  --image     unpacked into the store once; owners and modes are those of the image
  --rootfs    nothing is copied: the lowest, read-only layer of the cell's root. As root its owners are
              seen as they are on disk where the file system can map them; else, and for an ordinary
              user always, what does not belong to the user's subordinate ids belongs to nobody: only
              what everybody may read can be read, and none of it can be changed
  neither     the programs of this host: /usr and the links to it, read-only. They share the host's
              page cache: give a command that you do not trust an image
What the command changes is thrown away, but for what is bound :rw. A :rw directory must be writable
for the subordinate ids (or for everybody), and what is written there belongs to them. No link is
followed to a source or a destination. What --bind shows can be talked to, sockets and fifos included.

Standard input is copied to the command unless it is a terminal; output goes to a terminal with
control characters escaped, elsewhere byte for byte.

Exit code: the command's own; 128+N if signal N killed it; 126, 127 if it cannot be executed or is
not there; 1 if it hit a limit of the policy; 2 for a bad command line or policy; 125 if no cell came
to be.)";

/// `NAME=value`, or `NAME` alone: the value of that variable in the caller's environment, if it has
/// one.
void add_variable(const std::string& text, std::vector<std::string>& environment)
{
    const std::size_t equals = text.find('=');
    if (text.empty() || equals == 0)
        throw Error(ErrorKind::kUsage, "--env \"" + text + "\" has no name");
    if (equals != std::string::npos)
        environment.push_back(text);
    else if (const char* value =
                 std::getenv(text.c_str())) // NOLINT(concurrency-mt-unsafe): before any thread
        environment.push_back(text + "=" + value);
}

} // namespace

std::shared_ptr<RunOptions> add_run_options(CLI::App& app)
{
    auto options = std::make_shared<RunOptions>();
    RunRequest& request = options->request;
    app.footer(kRoots);
    app.add_option("--policy", request.policy, "Policy by name or file (default: default)");
    CLI::Option* const rootfs = app.add_option(
        "--rootfs", options->rootfs, "Directory of the host as the root, unchanged by the command");
    app.add_option(
           "--image", request.image, "Image of the store, or OCI layout as DIR[:TAG], as the root")
        ->excludes(rootfs);
    app.add_option(
           "--bind",
           options->binds,
           "SRC:DST[:rw]: a file or directory of the host, read-only without rw (repeatable)")
        ->allow_extra_args(false);
    app.add_option(
           "--env", options->environment, "NAME=VALUE, or NAME of the caller's (repeatable)")
        ->allow_extra_args(false);
    app.add_option(
        "--workdir", request.working_directory, "Working directory (default: the image's, or /)");
    app.add_option(
        "--user", request.user, "USER[:GROUP] by name or number (default: the image's, or 0)");
    app.add_option(
        "--timeout", options->timeout, "End the command after this time: 90, 500ms, 5m, 2h");
    return options;
}

RunRequest request_of(const RunOptions& options, const std::vector<std::string>& command)
{
    RunRequest request = options.request;
    request.argv = command;
    if (command.empty())
        throw Error(ErrorKind::kUsage, "there is no command", "caisson run [OPTIONS] -- COMMAND…");
    request.rootfs = options.rootfs;
    for (const std::string& text : options.binds)
        request.binds.push_back(parse_bind(text));
    for (const std::string& text : options.environment)
        add_variable(text, request.environment);
    if (!options.timeout.empty())
        request.timeout = in_context("--timeout", [&] { return parse_duration(options.timeout); });
    if (!request.working_directory.empty() && !request.working_directory.starts_with('/'))
        throw Error(ErrorKind::kUsage,
                    "--workdir \"" + request.working_directory + "\" is not absolute");
    request.store = Store::default_path();
    return request;
}

} // namespace caisson::runner

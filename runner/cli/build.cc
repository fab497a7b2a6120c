#include "runner/cli/build_options.hh"
#include "runner/cli/command.hh"
#include "runner/cli/key.hh"
#include "runner/job/interrupt.hh"
#include "runner/job/job.hh"

#include <CLI/CLI.hpp>
#include <memory>

namespace caisson::runner {
namespace {

Progress::Kind progress_kind(const std::string& name)
{
    return name == "json"    ? Progress::Kind::kJson
           : name == "quiet" ? Progress::Kind::kQuiet
                             : Progress::Kind::kPlain;
}

/// The first build of a user makes the key that `caisson key new` would have made, and says so; a
/// key that was named must be there.
void make_missing_key(const BuildRequest& request, Progress& progress)
{
    std::error_code failure;
    if (std::filesystem::exists(request.key, failure) || failure) return;
    const NewKey made = write_new_key(request.key, true);
    progress.warning("there was no signing key: made \"" + request.key.native() + "\"; give \"" +
                     made.public_file.native() + "\" to those who verify");
}

int run_build(const BuildOptions& options, const std::string& kind)
{
    const BuildRequest request = request_of(options);
    const Interrupt interrupt; // blocks the signals: before any thread
    const std::unique_ptr<Progress> progress = Progress::make(progress_kind(kind));
    if (options.key.empty()) make_missing_key(request, *progress);
    build(request, *progress);
    return 0;
}

} // namespace

Action add_build(CLI::App& app)
{
    const std::shared_ptr<BuildOptions> options = add_build_options(app);
    auto kind = std::make_shared<std::string>("plain");
    app.add_option("--progress", *kind, "plain, json or quiet")
        ->check(CLI::IsMember({"plain", "json", "quiet"}));
    return [options, kind] { return run_build(*options, *kind); };
}

} // namespace caisson::runner

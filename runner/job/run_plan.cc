#include "runner/job/run_plan.hh"

#include "policies/narrow.hh"
#include "runner/image/base_image.hh"
#include "runner/job/bases.hh"
#include "runner/job/host_root.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>

namespace caisson::runner {
namespace {

constexpr const char* kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

policies::Policy policy_of(const RunRequest& request)
{
    policies::Narrowing narrowing;
    if (request.timeout)
        narrowing.step_time = std::chrono::ceil<std::chrono::seconds>(*request.timeout);
    return policies::narrow(policies::load_policy(request.policy), narrowing);
}

/// Opens a path of the host as it was named, with no link on the way: where one leads may change
/// between the moment a person looked and this one.
UniqueFd open_host_path(const std::filesystem::path& path)
try {
    return sandbox::sys::openat2(
        AT_FDCWD, path.native(), O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
} catch (const SysError& error) {
    if (error.number() != ELOOP) throw;
    std::error_code failure;
    const std::filesystem::path real = std::filesystem::canonical(path, failure);
    throw Error(ErrorKind::kInput,
                "\"" + printable(path.native()) + "\" is or passes through a link",
                failure ? "name where it leads" : "give \"" + printable(real.native()) + "\"");
}

/// Adds a host path, and its bind to the plan.
void show(RunPlan& run, const BindRequest& bind)
{
    UniqueFd opened = open_host_path(bind.source);
    const mode_t kind = sandbox::sys::fstat(opened.get()).st_mode;
    const bool as_root = bind.destination == "/";
    const std::string name = printable(bind.source.native());
    if (!S_ISDIR(kind) && (as_root || !S_ISREG(kind)))
        throw Error(ErrorKind::kInput,
                    "\"" + name + "\" is no directory" + (as_root ? "" : " and no regular file"));
    run.plan.binds.push_back({.host_path = static_cast<unsigned>(run.host_paths.size()),
                              .source = name,
                              .destination = bind.destination,
                              .writable = bind.writable});
    run.host_paths.push_back(
        {.path = opened.get(), .name = name, .writable = bind.writable, .layer = as_root});
    run.opened.push_back(std::move(opened));
}

/// Sets "NAME=value", in place of an earlier one of that name.
void set_variable(std::vector<std::string>& environment, const std::string& entry)
{
    const std::string name = entry.substr(0, entry.find('=') + 1);
    std::erase_if(environment, [&](const std::string& one) { return one.starts_with(name); });
    environment.push_back(entry);
}

void take_image(RunPlan& run, const RunRequest& request, Store& store)
{
    std::optional<BaseImage> image = find_local_image(store, request.image);
    if (!image)
        throw Error(ErrorKind::kInput,
                    "no image \"" + printable(request.image) + "\" in the store, and no OCI layout",
                    "caisson image list shows what is there; a layout is DIR[:tag]");
    run.root = RunPlan::Root::kImage;
    run.root_name = printable(request.image) + " (" + image->manifest.digest.text() + ")";
    run.layers = stack_of(image->layers);
    for (const auto& [name, value] : image->config.environment)
        set_variable(run.plan.environment, name + "=" + value);
    run.plan.architecture = architecture_of(image->config);
    run.plan.user = image->config.user;
    if (!image->config.working_directory.empty())
        run.plan.working_directory = image->config.working_directory;
}

void take_host_programs(RunPlan& run, Store& store)
{
    const HostRoot host = host_root();
    const attest::Digest digest = attest::Digest::of(host.skeleton);
    if (!store.has_blob(digest, host.skeleton.size())) store.put_blob(host.skeleton);
    run.layers = stack_of(
        {{.blob = {.media_type = kOciLayer, .digest = digest, .size = host.skeleton.size()},
          .diff_id = digest}});
    for (const BindRequest& bind : host.binds)
        show(run, bind);
}

void take_root(RunPlan& run, const RunRequest& request, Store& store)
{
    if (!request.image.empty()) return take_image(run, request, store);
    if (request.rootfs.empty()) return take_host_programs(run, store);
    run.root = RunPlan::Root::kDirectory;
    run.root_name = printable(request.rootfs.native());
    show(run, {.source = request.rootfs, .destination = "/"});
}

} // namespace

const char* root_word(RunPlan::Root root)
{
    switch (root) {
    case RunPlan::Root::kDirectory:
        return "directory";
    case RunPlan::Root::kImage:
        return "image";
    case RunPlan::Root::kHostPrograms:
        break;
    }
    return "host-programs";
}

RunPlan plan_run(const RunRequest& request, Store& store)
{
    RunPlan run;
    run.policy = policy_of(request);
    run.policy_digest = attest::Digest::of(run.policy.canonical_json);
    run.plan = plan_of_policy(run.policy, "");
    run.plan.name = "run " + printable(request.argv.front());
    run.plan.argv = request.argv;
    run.plan.environment = {kDefaultPath};
    take_root(run, request, store);
    run.filter = filter_of_policy(run.policy, run.plan.architecture);
    run.plan.seccomp_digest = run.filter.digest;
    for (const BindRequest& bind : request.binds)
        in_context("--bind", [&] { show(run, bind); });
    for (const std::string& entry : request.environment)
        set_variable(run.plan.environment, entry);
    if (!request.user.empty()) run.plan.user = request.user;
    if (!request.working_directory.empty()) run.plan.working_directory = request.working_directory;
    if (request.timeout) run.plan.limits.step_time = *request.timeout;
    return run;
}

} // namespace caisson::runner

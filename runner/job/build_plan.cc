#include "runner/job/build_plan.hh"

#include "runner/job/compile_plan.hh"

namespace caisson::runner {
namespace {

void declare_globals(const Dockerfile& dockerfile, BuildArgs& args)
{
    for (const Instruction& instruction : dockerfile.global_args)
        args.declare_global(std::get<Arg>(instruction.what), dockerfile.escape);
}

} // namespace

BuildPlan plan_build(const BuildRequest& request,
                     const policies::Policy& policy,
                     const Sources& sources,
                     Store& store,
                     Progress& progress,
                     BaseSearch search)
{
    BuildPlan build;
    for (const std::string& warning : sources.warnings)
        progress.warning(warning);
    BuildArgs args(request.build_args);
    declare_globals(sources.dockerfile, args);
    build.stages = select_stages(sources.dockerfile, request.target, args, sources.dockerfile_name);
    build.bases = resolve_bases(build.stages, request, policy, store, progress, search);
    // From here on every input is known by its digest.

    build.filter = filter_of_policy(policy);
    build.plan = plan_of_policy(policy, build.filter.digest);
    for (const std::string& warning : warnings_of(build.filter, build.plan))
        progress.warning(warning);
    build.epoch = request.source_date_epoch.value_or(kDefaultEpoch);
    build.graph = compile({.dockerfile = sources.dockerfile,
                           .stages = build.stages,
                           .bases = build.bases,
                           .args = args,
                           .plan = build.plan,
                           .epoch = build.epoch,
                           .file_name = sources.dockerfile_name});
    for (const std::string& warning : build.graph.warnings)
        progress.warning(warning);
    return build;
}

} // namespace caisson::runner

#include "runner/job/build_plan.hh"

#include "runner/job/compile_plan.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

void declare_globals(const Dockerfile& dockerfile, BuildArgs& args)
{
    for (const Instruction& instruction : dockerfile.global_args)
        args.declare_global(std::get<Arg>(instruction.what), dockerfile.escape);
}

bool needs_i386(const BuildPlan& build)
{
    const auto is_i386 = [](const auto& base) {
        return architecture_of(base.second.config) == sandbox::Architecture::kI386;
    };
    // scratch of that platform has no base image
    const auto asks_for_it = [](const NeededStage& stage) {
        return stage.base.architecture == "386";
    };
    return std::any_of(build.bases.begin(), build.bases.end(), is_i386) ||
           std::any_of(build.stages.begin(), build.stages.end(), asks_for_it);
}

BuildPlan::I386 plan_of_i386_steps(const policies::Policy& policy)
{
    BuildPlan::I386 steps{.filter = filter_of_policy(policy, sandbox::Architecture::kI386)};
    steps.plan = plan_of_policy(policy, steps.filter.digest);
    steps.plan.architecture = sandbox::Architecture::kI386;
    return steps;
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
    if (needs_i386(build)) build.i386 = plan_of_i386_steps(policy);
    build.epoch = request.source_date_epoch.value_or(kDefaultEpoch);
    build.graph = compile({.dockerfile = sources.dockerfile,
                           .stages = build.stages,
                           .bases = build.bases,
                           .args = args,
                           .plan = build.plan,
                           .i386_plan = build.i386 ? std::optional(build.i386->plan) : std::nullopt,
                           .epoch = build.epoch,
                           .file_name = sources.dockerfile_name});
    for (const std::string& warning : build.graph.warnings)
        progress.warning(warning);
    return build;
}

} // namespace caisson::runner

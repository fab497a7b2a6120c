#include "runner/job/run.hh"

#include "runner/job/cell_run.hh"
#include "runner/job/holders.hh"
#include "runner/job/relay.hh"
#include "sandbox/base/scope_exit.hh"
#include "sandbox/features.hh"

namespace caisson::runner {
namespace {

std::vector<Degradation>
degradations(const RunPlan& run, Site& site, const sandbox::Outcome& outcome)
{
    std::vector<Degradation> list;
    if (outcome.landlock_abi < sandbox::kNewestLandlock)
        list.push_back({"landlock",
                        outcome.landlock_abi == 0
                            ? std::string("none")
                            : "ABI " + std::to_string(outcome.landlock_abi) + " of " +
                                  std::to_string(sandbox::kNewestLandlock)});
    for (const auto& [limit, holder] : site.holders())
        if (holder == sandbox::Holder::kNobody)
            list.push_back({"limits", "nobody holds " + limit + " here"});
    for (std::size_t index = 0; index < run.host_paths.size(); ++index)
        if (!site.chamber().shows_owners(index))
            list.push_back(
                {"owners",
                 "what is in \"" + run.host_paths[index].name + "\" belongs to nobody inside"});
    if (sandbox::trees_lie_in_memory(site.store().trees()))
        list.push_back({"trees", "in memory, because the store lies on overlayfs"});
    return list;
}

} // namespace

RunResult run(const RunPlan& run, Store& store, const RunStreams& streams)
{
    Site site(store);
    // whatever happens, the tree that took the command's changes goes
    const ScopeExit forget([&site] { site.abandon(); });
    site.govern(run.policy, kDefaultEpoch);
    site.expect_i386(run.plan.architecture == sandbox::Architecture::kI386);
    site.show_host(run.host_paths);
    sandbox::Plan plan = run.plan;
    plan.lowers = site.trees_of(run.layers);
    plan.upper = site.new_tree();

    Relay relay({.input = streams.input,
                 .output = streams.output,
                 .errors = streams.errors,
                 .limit = plan.limits.output_bytes});
    RunResult result;
    result.outcome = run_in_cell(site.chamber(), plan, run.filter.program.get(), relay);
    relay.finish();
    site.verify(run.layers);
    result.degraded = degradations(run, site, result.outcome);
    result.limits_held_by = holder_words(site.holders());
    return result;
}

} // namespace caisson::runner

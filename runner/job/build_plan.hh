#pragma once

#include "policies/policy.hh"
#include "runner/graph/from_dockerfile.hh"
#include "runner/graph/stages.hh"
#include "runner/job/bases.hh"
#include "runner/job/compile_filter.hh"
#include "runner/job/sources.hh"
#include "runner/progress/progress.hh"
#include "runner/request.hh"
#include "runner/store/store.hh"
#include "sandbox/plan.hh"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// What a build will do, before any of it is done.
struct BuildPlan {
    std::vector<NeededStage> stages;
    std::map<std::string, BaseImage> bases;
    Filter filter;
    sandbox::Plan plan; ///< what the policy gives every RUN
    /// The same for the steps on images of linux/386, if there are any.
    struct I386 {
        Filter filter;
        sandbox::Plan plan;
    };
    std::optional<I386> i386;
    std::int64_t epoch = 0;
    Graph graph; ///< its RUNs have their plans, less their trees
};

/// Selects the stages that the target needs, resolves their bases and compiles them to a graph.
[[nodiscard]] BuildPlan plan_build(const BuildRequest& request,
                                   const policies::Policy& policy,
                                   const Sources& sources,
                                   Store& store,
                                   Progress& progress,
                                   BaseSearch search = BaseSearch::kEverywhere);

} // namespace caisson::runner

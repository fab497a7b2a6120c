#pragma once

#include "attest/digest.hh"
#include "policies/policy.hh"
#include "runner/job/compile_filter.hh"
#include "runner/job/compile_plan.hh"
#include "runner/job/site.hh"
#include "runner/request.hh"
#include "sandbox/host_path.hh"
#include "sandbox/plan.hh"

#include <string>
#include <vector>

namespace caisson::runner {

/// What a cell of `caisson run` will be, before anything is started.
struct RunPlan {
    policies::Policy policy; ///< narrowed by the request
    attest::Digest policy_digest;
    Filter filter;
    sandbox::Plan plan; ///< less its trees
    LayerStack layers;  ///< of its root, bottom first

    /// Where the root comes from.
    enum class Root { kHostPrograms, kDirectory, kImage } root = Root::kHostPrograms;
    std::string root_name; ///< the directory, or the image with its digest

    std::vector<sandbox::HostPath> host_paths; ///< what plan.binds name
    std::vector<UniqueFd> opened;              ///< what host_paths borrow
};

/// "host-programs", "directory" or "image".
[[nodiscard]] const char* root_word(RunPlan::Root root);

/// Reads the policy and opens or resolves what the request names. A source or root that is not
/// there, or that a link leads to: Error of kind kInput; a time above the policy's: kRefused.
[[nodiscard]] RunPlan plan_run(const RunRequest& request, Store& store);

} // namespace caisson::runner

#pragma once

#include "policies/policy.hh"
#include "sandbox/plan.hh"

#include <string>

namespace caisson::runner {

/// What a policy gives every RUN step: limits, capabilities, Landlock; no command, no trees.
[[nodiscard]] sandbox::Plan plan_of_policy(const policies::Policy& policy,
                                           const std::string& seccomp_digest);

} // namespace caisson::runner

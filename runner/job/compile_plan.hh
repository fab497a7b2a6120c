#pragma once

#include "policies/policy.hh"
#include "runner/image/config.hh"
#include "sandbox/plan.hh"

#include <string>

namespace caisson::runner {

/// The limits of a policy, as a plan has them.
[[nodiscard]] sandbox::Limits limits_of_policy(const policies::PolicyLimits& limits);

/// What a policy gives every RUN step: limits, capabilities, Landlock; no command, no trees.
[[nodiscard]] sandbox::Plan plan_of_policy(const policies::Policy& policy,
                                           const std::string& seccomp_digest);

/// Whose programs an image of that configuration holds.
[[nodiscard]] sandbox::Architecture architecture_of(const ImageConfig& config);

} // namespace caisson::runner

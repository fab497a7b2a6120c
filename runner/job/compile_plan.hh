#pragma once

#include "policies/policy.hh"
#include "runner/image/config.hh"
#include "sandbox/plan.hh"

#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// The keys of policy `limits` that nothing holds a step to: named in the record and by `caisson
/// run --json`. Processor time is among them since RLIMIT_CPU is of one process, and a step may
/// have thousands; huge pages, where the policy accepts them beyond its limits.
[[nodiscard]] std::vector<std::string_view> unenforced_limits(const policies::Policy& policy);

/// What a policy gives every RUN step: limits, capabilities, Landlock; no command, no trees. A
/// policy that requires one of those limits is an Error of kind kHost.
[[nodiscard]] sandbox::Plan plan_of_policy(const policies::Policy& policy,
                                           const std::string& seccomp_digest);

/// Whose programs an image of that configuration holds.
[[nodiscard]] sandbox::Architecture architecture_of(const ImageConfig& config);

} // namespace caisson::runner

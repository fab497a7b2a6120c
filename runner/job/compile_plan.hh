#pragma once

#include "policies/policy.hh"
#include "runner/image/config.hh"
#include "sandbox/plan.hh"

#include <span>
#include <string>
#include <string_view>

namespace caisson::runner {

/// The keys of policy `limits` that nothing holds a step to yet: named in the record and by
/// `caisson run --json`.
[[nodiscard]] std::span<const std::string_view> unenforced_limits() noexcept;

/// What a policy gives every RUN step: limits, capabilities, Landlock; no command, no trees. A
/// policy that requires one of those limits is an Error of kind kHost.
[[nodiscard]] sandbox::Plan plan_of_policy(const policies::Policy& policy,
                                           const std::string& seccomp_digest);

/// Whose programs an image of that configuration holds.
[[nodiscard]] sandbox::Architecture architecture_of(const ImageConfig& config);

} // namespace caisson::runner

#pragma once

#include "policies/policy.hh"
#include "runner/store/store.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/plan.hh"

#include <string>

namespace caisson::runner {

/// What a policy gives every RUN step: limits, capabilities, Landlock; no command, no trees.
[[nodiscard]] sandbox::Plan plan_of_policy(const policies::Policy& policy,
                                           const std::string& seccomp_digest);

/// The seccomp program of a policy.
struct Filter {
    UniqueFd program;   ///< a sealed memfd: struct sock_filter as they lie in memory
    std::string digest; ///< "sha256:…" of those bytes
};

/// Compiles it, or takes it from the store: compiling takes 10 ms, loading a ready one 0.4.
[[nodiscard]] Filter filter_of_policy(const policies::Policy& policy, Store& store);

} // namespace caisson::runner

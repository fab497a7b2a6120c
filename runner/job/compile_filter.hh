#pragma once

#include "policies/policy.hh"
#include "sandbox/architecture.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/plan.hh"

#include <linux/filter.h>
#include <string>
#include <vector>

namespace caisson::runner {

/// What a policy says of each call of that architecture, to be asked in order.
[[nodiscard]] std::vector<policies::SyscallEntry> entries_of(const policies::Policy& policy,
                                                             sandbox::Architecture architecture);
/// What is asked before it, and no policy changes but by what it accepts.
[[nodiscard]] std::vector<policies::SyscallEntry> floor_of(const policies::Policy& policy,
                                                           sandbox::Architecture architecture);

/// The seccomp program that a policy gives steps on images of that architecture, the floor
/// (policies/floor.hh) in front: struct sock_filter, as they lie in memory. Half a millisecond.
[[nodiscard]] std::string
compile_filter(const policies::Policy& policy,
               sandbox::Architecture architecture = sandbox::Architecture::kNative);

/// The same for native steps, as instructions: to be asked (sandbox/seccomp/evaluate.hh).
[[nodiscard]] std::vector<sock_filter> program_of(const policies::Policy& policy);

/// The same, ready to be handed to a cell. What `besides` allows is allowed too, unless the floor
/// refuses it: native calls alone.
struct Filter {
    UniqueFd program;                       ///< a sealed memfd
    std::string digest;                     ///< "sha256:…" of its bytes
    std::vector<std::string> unknown_calls; ///< names of a profile that are no call known here
};
[[nodiscard]] Filter
filter_of_policy(const policies::Policy& policy,
                 sandbox::Architecture architecture = sandbox::Architecture::kNative,
                 const std::vector<policies::SyscallEntry>& besides = {});

/// What the caller is to be told of a filter, and of what the policy accepts with it; as the policy
/// file spells it, so to be escaped.
[[nodiscard]] std::vector<std::string> warnings_of(const Filter& filter, const sandbox::Plan& plan);

} // namespace caisson::runner

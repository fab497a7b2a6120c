#pragma once

#include "policies/policy.hh"
#include "sandbox/base/unique_fd.hh"

#include <string>

namespace caisson::runner {

/// The seccomp program of a policy: struct sock_filter, as they lie in memory. Half a millisecond.
[[nodiscard]] std::string compile_filter(const policies::Policy& policy);

/// The same, ready to be handed to a cell.
struct Filter {
    UniqueFd program;   ///< a sealed memfd
    std::string digest; ///< "sha256:…" of its bytes
};
[[nodiscard]] Filter filter_of_policy(const policies::Policy& policy);

} // namespace caisson::runner

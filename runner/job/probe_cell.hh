#pragma once

#include "policies/policy.hh"
#include "runner/job/site.hh"

#include <string>
#include <vector>

namespace caisson::runner {

/// What one attempt of the adversarial set (tests/probes) came to.
struct ProbeAttempt {
    std::string id;       ///< "ns.unshare_user"
    std::string severity; ///< "must", "should"; "control": not an attack, and must succeed
    std::string result;   ///< "open", "refused", "absent"
    std::string detail;
    [[nodiscard]] bool open() const { return result == "open"; }
};

/// How much of the set is tried.
enum class ProbeSet {
    kCheap, ///< a few milliseconds
    kWhole  ///< but for the attempts that use something up
};

/// Makes the attempts of the set in a throw-away cell, with what the policy gives every step and
/// nothing else on its root; limits and system calls without which the set itself cannot run
/// (runner/job/probe_calls.hh) are widened. A set that did not come to its end proves nothing:
/// Error of kind kHost.
[[nodiscard]] std::vector<ProbeAttempt>
attempt_in_cell(Site& site, const policies::Policy& policy, ProbeSet set);

} // namespace caisson::runner

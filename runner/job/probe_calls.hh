#pragma once

#include "policies/policy.hh"
#include "policies/syscall_entry.hh"

#include <string>
#include <vector>

namespace caisson::runner {

/// The system calls that caisson-probe itself cannot do without - to start, to make its attempts in
/// children, to tell what it opened from a mask, to say what it found - and that the policy
/// forbids: the cell of a self-test allows them all the same, for otherwise a policy that is only
/// stricter could not be tried at all. None is more than the default policy allows, and what a call
/// may be asked for is no more than the probe asks. So a self-test finds everything that is open
/// under the policy, and maybe something that these calls alone open.
[[nodiscard]] std::vector<policies::SyscallEntry> calls_beside(const policies::Policy& policy);

/// Their names, each once, in that order.
[[nodiscard]] std::vector<std::string> names_beside(const policies::Policy& policy);

} // namespace caisson::runner

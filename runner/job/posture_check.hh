#pragma once

#include "attest/record.hh"
#include "policies/policy.hh"
#include "runner/job/posture.hh"
#include "runner/job/site.hh"

#include <vector>

namespace caisson::runner {

/// Whether what an earlier build of the store found of its walls may count.
enum class PostureCache { kUse, kIgnore };

/// The self-test before the first step of a build: the cheap part of the adversarial set, tried in
/// a throw-away cell. A wall that does not hold is an Error of kind kHost that names the attempt.
/// What was found counts for as long as nothing that it hangs on changes: the boot, the kernel, our
/// programs (`programs`: of program_digests()), the policy, who runs it, with which ids, in which
/// namespaces. Only what holds is kept.
[[nodiscard]] Posture check_posture(Site& site,
                                    const policies::Policy& policy,
                                    const std::vector<attest::Material>& programs,
                                    PostureCache cache);

} // namespace caisson::runner

#pragma once

#include "policies/policy.hh"
#include "runner/job/probe_cell.hh"

#include <cstddef>
#include <linux/filter.h>
#include <map>
#include <string>
#include <vector>

namespace caisson::runner {

/// What one attempt of the self-test says of the walls.
enum class Judgement {
    kHolds,   ///< refused
    kAbsent,  ///< what it is aimed at is not there
    kSurface, ///< open, and no more than something is seen or can be reached
    kGiven,   ///< open, and the policy gives it by a long name
    kBroken,  ///< open, and it matters; or a control that failed though nothing forbids it
    kControl  ///< not an attack: it has to succeed, and did, or the policy forbids it
};

/// "holds", "absent", "surface", "given", "broken", "control".
[[nodiscard]] const char* word_of(Judgement judgement) noexcept;

/// What the self-test found of the walls that a policy gives; for the record.
struct Posture {
    std::size_t attempts = 0; ///< controls not counted
    std::size_t refused = 0;
    std::size_t absent = 0;
    std::vector<std::string> open;            ///< of surface, and what the policy gives
    std::map<std::string, std::string> given; ///< of these: to the permission that gives it
    std::vector<std::string> broken; ///< "net.vsock: socket is allowed"; for people, empty is good
    /// System calls that the policy forbids and its cell allowed, for the set's own sake.
    std::vector<std::string> calls_beside;
    bool cached = false; ///< found by an earlier build
};

/// Judges attempts by the policy that they were made under. A set without a control that succeeded
/// proves nothing, and is broken.
class Judge {
public:
    explicit Judge(const policies::Policy& policy);

    /// In the order in which they were made.
    [[nodiscard]] Judgement judge(const ProbeAttempt& attempt) const;
    [[nodiscard]] Posture posture_of(const std::vector<ProbeAttempt>& attempts) const;

private:
    /// The permission of the policy that gives what an attempt tries, or "".
    [[nodiscard]] std::string permission_for(const std::string& attempt) const;
    [[nodiscard]] bool forbids(const std::string& control) const;

    const policies::Policy& policy_; ///< outlives this
    std::vector<sock_filter> filter_;
};

} // namespace caisson::runner

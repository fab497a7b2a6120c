#pragma once

#include "sandbox/seccomp/code.hh"
#include "sandbox/seccomp/filter.hh"

#include <cstdint>
#include <vector>

namespace caisson::sandbox {

/// A rule for a known call: what it answers, and when.
struct CallRule {
    std::uint32_t action = 0; ///< SECCOMP_RET_…
    std::vector<WordTest> tests;
};

/// The decision for one call: the first rule whose tests all hold, else `otherwise`. As long as all
/// rules look at ranges of one argument, it is a binary tree over that argument's values.
[[nodiscard]] Code decide_call(const std::vector<CallRule>& rules, std::uint32_t otherwise);

} // namespace caisson::sandbox

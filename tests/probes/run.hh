#pragma once

#include "tests/probes/attempt.hh"

#include <chrono>
#include <functional>
#include <span>

namespace caisson::probes {

struct RunOptions {
    std::chrono::milliseconds timeout{4000}; ///< of one attempt; past it the attempt is refused
    std::chrono::milliseconds long_timeout{100000}; ///< of one that uses something up
    /// Attempts that one child makes one after another. An attempt that succeeds may have changed
    /// the child, and one that dies takes it along: the next then gets a new one.
    std::size_t per_child = 1;
    int not_for_children = -1; ///< our own descriptor, which no attempt is to find
};

/// Makes the attempts, each in a child that is killed with all its own at the end, and tells of
/// each as soon as it is known: an attempt may be the end of everything here.
void run_attempts(std::span<const Attempt* const> attempts,
                  const RunOptions& options,
                  const std::function<void(const Attempt&, const Finding&)>& tell);

} // namespace caisson::probes

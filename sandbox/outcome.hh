#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace caisson::sandbox {

/// How a step ended. A value: the runner decides what it means.
struct Outcome {
    enum class Kind {
        kExited,        ///< by itself; `code` is its exit status
        kSignalled,     ///< `code` is the signal that ended it
        kTimedOut,      ///< limits.step_time
        kTooMuchOutput, ///< limits.output_bytes
        kInterrupted,   ///< the runner asked for its end
        kNotFound, ///< argv[0] is not there or cannot be executed; `code` is 127 or 126 as a shell
                   ///< says it
    };
    Kind kind = Kind::kExited;
    int code = 0;
    std::string detail; ///< for people; empty when `kind` says it all
    std::chrono::microseconds wall{0};
    std::chrono::microseconds cpu{0};    ///< user and system, the whole tree
    std::uint64_t peak_memory_bytes = 0; ///< largest resident set of one process
    int landlock_abi = 0;                ///< what was enforced; 0 is none

    [[nodiscard]] bool ok() const noexcept { return kind == Kind::kExited && code == 0; }
};

} // namespace caisson::sandbox

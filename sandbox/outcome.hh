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
        kTimedOut,      ///< step_time
        kTooMuchOutput, ///< output_bytes
        kInterrupted,   ///< the runner asked for its end
        kNotFound, ///< argv[0] is not there or cannot be executed; `code` is 127 or 126 as a shell
                   ///< says it
        kOutOfMemory,      ///< memory_bytes, or build_memory_bytes with the steps beside it
        kTooManyProcesses, ///< processes
        kTooMuchCpu,       ///< cpu_time
        kTooMuchDisk,      ///< disk_bytes, or what was left of build_disk_bytes
        kTooManyFiles,     ///< disk_files
    };
    Kind kind = Kind::kExited;
    int code = 0;
    std::string limit; ///< the policy's key of the limit that ended it: "memory_bytes"; else empty
    std::uint64_t allowed = 0; ///< what that limit is
    std::string detail;        ///< for people; empty when `kind` says it all
    std::chrono::microseconds wall{0};
    std::chrono::microseconds cpu{0};    ///< user and system, the whole tree
    std::uint64_t peak_memory_bytes = 0; ///< largest resident set of one process
    int landlock_abi = 0;                ///< what was enforced; 0 is none

    [[nodiscard]] bool ok() const noexcept { return kind == Kind::kExited && code == 0; }
};

struct Limits;

/// Fills in `limit` and `allowed` where it was a limit of the step's own that ended it.
void name_limit(Outcome& outcome, const Limits& limits);

} // namespace caisson::sandbox

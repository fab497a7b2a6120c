#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace caisson::sandbox::testing {

/// Every process that descends from this one, those of a chamber and its cells among them.
[[nodiscard]] std::vector<pid_t> processes_below_us();

/// A field of /proc/<process>/status; "" where the process is gone.
[[nodiscard]] std::string status_of(pid_t process, const std::string& field);

/// In how many pid namespaces a process is, seen from here, and its number in the innermost.
struct PidDepth {
    std::size_t depth = 0;
    pid_t innermost = 0;
};
[[nodiscard]] PidDepth pid_depth_of(pid_t process);

} // namespace caisson::sandbox::testing

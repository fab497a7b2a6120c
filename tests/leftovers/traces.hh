#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

/// What a run of the tests could leave behind, as lines that a reader of its log can act on.
namespace caisson::leftovers {

/// What there is on this machine of the kinds that our programs make and that outlive a process:
/// mounts, control groups of ours, named network namespaces, and what lies in the default stores.
[[nodiscard]] std::set<std::string> traces_now();

/// Everything below `directory`, by name.
[[nodiscard]] std::vector<std::string> files_below(const std::filesystem::path& directory);

struct Process {
    pid_t pid = 0;
    std::string command;
};
/// The live descendants of `root`, but for this process and those between the two. Where `root` is
/// a subreaper (prctl(2)) nothing that was started below it gets away, daemons included.
[[nodiscard]] std::vector<Process> descendants_of(pid_t root);

} // namespace caisson::leftovers

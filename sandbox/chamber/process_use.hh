#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace caisson::sandbox {

/// What one process takes, as /proc tells it.
struct ProcessUse {
    pid_t pid = 0;
    pid_t parent = 0;
    std::uint64_t tasks = 0; ///< threads
    std::chrono::microseconds own_cpu{0};
    std::chrono::microseconds children_cpu{0}; ///< of those that it waited for
    /// Pages of its own, shared memory that it maps, swap, page tables. A page that several map
    /// counts for each: never less than what they take together.
    std::uint64_t memory_bytes = 0;
};

/// Every process that the open procfs shows; one that ends meanwhile may be left out.
[[nodiscard]] std::vector<ProcessUse> read_processes(int procfs);
/// Those of `all` that `init` is, or is an ancestor of: in a pid namespace every orphan is given to
/// its init, so none gets out of this.
[[nodiscard]] std::vector<ProcessUse> processes_below(const std::vector<ProcessUse>& all,
                                                      pid_t init);
/// What memory_bytes is where a shared page counts as its share: smaps_rollup, which walks all
/// pages. Nothing for a process that has ended.
[[nodiscard]] std::optional<std::uint64_t> proportional_memory(int procfs, const ProcessUse& use);

/// Files without a name: they are found through the descriptors that hold them alone.
struct NamelessFiles {
    std::uint64_t memory_bytes = 0; ///< memfd_create(2)
    std::uint64_t disk_bytes = 0;   ///< of removed files that are still open
    std::uint64_t disk_files = 0;
};
[[nodiscard]] NamelessFiles nameless_files(int procfs, const std::vector<ProcessUse>& processes);

// The texts: /proc/PID/stat, /proc/PID/status, /proc/PID/smaps_rollup.

/// Fills in all but the pid and the memory; false where the text is no stat line. A process's name,
/// which stands in it, may be any bytes.
bool parse_stat(std::string_view text, long ticks_per_second, ProcessUse& use);
/// The sum, in bytes, of those lines of `text` that begin with one of `keys` and end in " kB".
[[nodiscard]] std::uint64_t sum_of_lines(std::string_view text,
                                         const std::vector<std::string_view>& keys);

} // namespace caisson::sandbox

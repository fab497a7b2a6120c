#pragma once

#include "sandbox/chamber/process_use.hh"
#include "sandbox/chamber/tree_use.hh"
#include "sandbox/chamber/watcher.hh"

#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace caisson::sandbox {

/// The processes of the chamber, read when they are first asked for.
class ProcessTable {
public:
    explicit ProcessTable(int procfs)
        : procfs_(procfs)
    {}
    [[nodiscard]] int procfs() const noexcept { return procfs_; } ///< borrowed
    [[nodiscard]] std::vector<ProcessUse> below(pid_t init);

private:
    int procfs_;
    std::optional<std::vector<ProcessUse>> all_;
};

/// Looks at one cell, again and again. Each look says when the next is due: soon where little is
/// left of a limit, and never so soon that looking takes more than a fifth of the time.
class WatchedCell {
public:
    using Clock = std::chrono::steady_clock;

    /// `trees` is borrowed. `cores`: how many processors can work for it at once.
    WatchedCell(WatchOrder order, int trees, unsigned cores);

    [[nodiscard]] const WatchOrder& order() const noexcept { return order_; }
    [[nodiscard]] Clock::time_point due() const noexcept { return due_; }
    /// What it took when it was last looked at; 0 where that is not watched.
    [[nodiscard]] std::uint64_t memory() const noexcept { return memory_; }

    /// The limit that it has passed, if it has.
    [[nodiscard]] std::optional<Outcome::Kind> look(ProcessTable& table);

private:
    using Processes = std::vector<ProcessUse>;

    [[nodiscard]] bool too_many_processes(const Processes& processes) const;
    [[nodiscard]] bool too_much_memory(const Processes& processes, int procfs);
    [[nodiscard]] bool too_much_cpu(const Processes& processes);
    [[nodiscard]] std::optional<Outcome::Kind> too_much_disk(ProcessTable& table);
    void count_tree_again(ProcessTable& table);
    [[nodiscard]] TreeUse most_disk() const;
    void come_back_before(std::uint64_t left, std::uint64_t per_millisecond);

    WatchOrder order_;
    int trees_;
    unsigned cores_;
    Clock::time_point due_;
    std::chrono::milliseconds interval_{0}; ///< until the next look, as this one found it

    std::uint64_t memory_ = 0;
    std::uint64_t nameless_memory_ = 0;
    std::uint64_t shared_memory_ = 0; ///< of the whole host, when that was counted

    std::map<pid_t, std::chrono::microseconds> cpu_of_;
    std::chrono::microseconds cpu_{0};

    TreeUse tree_; ///< as last counted, files without a name included
    Space space_;  ///< what was left then
    Clock::time_point tree_due_;
};

} // namespace caisson::sandbox

#pragma once

#include "sandbox/base/channel.hh"
#include "sandbox/base/unique_fd.hh"

#include <cstdint>
#include <sys/types.h>

namespace caisson::sandbox {

/// The first half of a cell: its namespaces, with /proc and /dev mounted in them, and a process
/// that waits for a plan. Nothing in it hangs on the plan, but for the one limit that the kernel
/// reads when a user namespace is made; so it is made ahead, while the step before runs. One that
/// goes away unused is killed and reaped.
class PreparedCell {
public:
    /// Slots are told apart by a user id each, under which the cell's user namespace is made: the
    /// kernel then counts that cell's processes on their own.
    static constexpr unsigned kSlots = 512;

    /// Clones the cell's first process into all its namespaces and writes the id maps; the rest of
    /// the first half then runs on its own, and what goes wrong there is told by the finished cell.
    /// `network` is its own (cell/network.hh); `slot` is held by no other cell; `group`: a cgroup
    /// of version 2 to clone it into, borrowed, or -1. For a single-threaded process that is root
    /// of the user namespace it lives in.
    static PreparedCell
    make(UniqueFd network, unsigned slot, std::uint64_t processes, int group = -1);

    PreparedCell(PreparedCell&& other) noexcept;
    PreparedCell& operator=(PreparedCell&&) = delete;
    PreparedCell(const PreparedCell&) = delete;
    PreparedCell& operator=(const PreparedCell&) = delete;
    ~PreparedCell();

    [[nodiscard]] unsigned slot() const noexcept { return slot_; }
    /// Whether it still lives, and was made for this limit of processes.
    [[nodiscard]] bool fits(std::uint64_t processes) const;

private:
    friend class Cell;
    PreparedCell(pid_t pid, UniqueFd pidfd, Channel plans, UniqueFd report);

    pid_t pid_ = -1;
    UniqueFd pidfd_;
    Channel plans_;    ///< takes the plan
    UniqueFd report_;  ///< JSON lines of the set-up (cell/report.hh)
    UniqueFd network_; ///< its network namespace
    UniqueFd users_;   ///< its user namespace
    unsigned slot_ = 0;
    std::uint64_t processes_ = 0;
};

} // namespace caisson::sandbox

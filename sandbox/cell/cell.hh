#pragma once

#include "sandbox/base/unique_fd.hh"
#include "sandbox/cell/supervisor.hh"
#include "sandbox/outcome.hh"
#include "sandbox/plan.hh"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace caisson::sandbox {

/// What a step gets beside its plan.
struct CellDescriptors {
    UniqueFd filter; ///< a file with the seccomp program; its position does not matter
    UniqueFd output; ///< write end of a pipe
    UniqueFd errors; ///< write end of a pipe
    UniqueFd input;  ///< read end of a pipe; none: the step reads /dev/null
};

/// The cgroups that a step is to run in (cgroup/build_groups.hh).
struct CellGroups {
    std::vector<UniqueFd> tasks; ///< version 1: each group's `tasks`
    UniqueFd directory;          ///< version 2
    bool count_processes =
        false; ///< they bound the number of processes, and tell when it is reached
};

/// A running step, as the chamber sees it. One that goes away unfinished is killed and reaped.
class Cell {
public:
    using Clock = std::chrono::steady_clock;

    /// Slots are told apart by a user id each, under which the cell's user namespace is made: the
    /// kernel then counts that cell's processes on their own.
    static constexpr unsigned kSlots = 512;

    /// Clones the cell's first process into all its namespaces and writes the id maps; the set-up
    /// then runs on its own. `network` is its own (cell/network.hh); `slot` is held by no other
    /// cell. For a single-threaded process that is root of the user namespace it lives in.
    static Cell start(const Plan& plan,
                      CellDescriptors descriptors,
                      UniqueFd network,
                      CellGroups groups,
                      unsigned slot);

    Cell(Cell&& other) noexcept;
    Cell& operator=(Cell&&) = delete;
    Cell(const Cell&) = delete;
    Cell& operator=(const Cell&) = delete;
    ~Cell();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }         ///< of its init
    [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); } ///< readable once it ended
    [[nodiscard]] unsigned slot() const noexcept { return slot_; }
    [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
    /// Ends the whole cell at once; the first reason counts. `limit`: the policy's key where it is
    /// another than the reason's usual one.
    void kill(Outcome::Kind reason, const std::string& limit = {});
    /// To be called once pidfd() is readable. A set-up step that failed is thrown, as
    /// `start cell: <step>: …`, of kind kHost unless the image or the plan is to blame.
    [[nodiscard]] Outcome finish() &&;

private:
    Cell(pid_t pid, UniqueFd pidfd, UniqueFd report, unsigned slot, const Limits& limits);

    pid_t pid_ = -1;
    UniqueFd pidfd_;
    UniqueFd report_;
    unsigned slot_ = 0;
    Limits limits_;
    Clock::time_point started_;
    Clock::time_point deadline_;
    std::optional<Outcome::Kind> killed_;
    std::string killed_by_;                ///< the limit, where it is not the reason's usual one
    std::optional<Supervisor> supervisor_; ///< ends with the cell
};

} // namespace caisson::sandbox

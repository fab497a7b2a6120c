#pragma once

#include "sandbox/cell/handover.hh"
#include "sandbox/cell/prepared.hh"
#include "sandbox/cell/supervisor.hh"
#include "sandbox/outcome.hh"
#include "sandbox/plan.hh"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace caisson::sandbox {

/// A running step, as the chamber sees it. One that goes away unfinished is killed and reaped.
class Cell {
public:
    using Clock = std::chrono::steady_clock;

    /// Hands the plan to the process that waits for one; the set-up then goes on on its own.
    /// `prepared` was made for the plan's limit of processes. For a single-threaded process that is
    /// root of the user namespace it lives in.
    static Cell start(const Plan& plan, CellDescriptors descriptors, PreparedCell prepared);

    [[nodiscard]] pid_t pid() const noexcept { return prepared_.pid_; } ///< of its init
    /// Readable once it ended.
    [[nodiscard]] int pidfd() const noexcept { return prepared_.pidfd_.get(); }
    [[nodiscard]] unsigned slot() const noexcept { return prepared_.slot(); }
    [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
    /// Ends the whole cell at once; the first reason counts. `limit`: the policy's key where it is
    /// another than the reason's usual one.
    void kill(Outcome::Kind reason, const std::string& limit = {});
    /// To be called once pidfd() is readable. A set-up step that failed is thrown, as
    /// `start cell: <step>: …`, of kind kHost unless the image or the plan is to blame.
    [[nodiscard]] Outcome finish() &&;

private:
    Cell(PreparedCell prepared, const Limits& limits);

    PreparedCell prepared_;
    Limits limits_;
    Clock::time_point started_;
    Clock::time_point deadline_;
    std::optional<Outcome::Kind> killed_;
    std::string killed_by_;                ///< the limit, where it is not the reason's usual one
    std::optional<Supervisor> supervisor_; ///< ends with the cell
};

} // namespace caisson::sandbox

#pragma once

#include "sandbox/cell/cell.hh"
#include "sandbox/chamber/watcher.hh"

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <poll.h>
#include <vector>

namespace caisson::sandbox {

/// A step to be started.
struct CellOrder {
    std::uint64_t request = 0; ///< a number of the caller's, no other cell's
    Plan plan;
    CellDescriptors descriptors;
    UniqueFd group; ///< a cgroup of version 2 to run in; none: no such
    // what no cgroup counts is watched
    bool watch_memory = true;
    bool watch_processes = true;
    bool watch_cpu = true;
};

/// The cells at work in this chamber, and the one that is prepared for the next step. For the
/// chamber's one thread.
class Cells {
public:
    /// `trees`: where the plans' trees lie; borrowed.
    explicit Cells(int trees)
        : watcher_(Watcher::start(trees))
    {}

    void start(CellOrder order);
    void kill(std::uint64_t request, Outcome::Kind reason, const std::string& limit = {});

    // the caller's loop, in this order
    /// While a step runs, the next one's cell takes nobody's time.
    void prepare_ahead();
    /// Appends what is to be polled.
    void watch(std::vector<pollfd>& list) const;
    /// Until the next deadline; -1: there is none. For poll(2).
    [[nodiscard]] int milliseconds_left() const;
    using Finish = std::function<void(std::uint64_t request, Cell&& ended)>;
    /// Hands over the cells that have ended, and kills those that passed a limit. `polled`: where
    /// this one's entries begin; returns where they end. An Error of kind kHost where nobody
    /// watches the limits any more.
    std::vector<pollfd>::const_iterator settle(std::vector<pollfd>::const_iterator polled,
                                               const Finish& finish);

private:
    struct Running {
        std::uint64_t request = 0;
        Cell cell;
    };

    [[nodiscard]] PreparedCell take_prepared(std::uint64_t processes, const UniqueFd& group);
    [[nodiscard]] unsigned free_slot() const;
    void end_overdue();

    Watcher watcher_;
    std::list<Running> running_;
    std::optional<PreparedCell> spare_;
    std::uint64_t ahead_for_ = 0; ///< its limit of processes; 0: none is to be made
};

} // namespace caisson::sandbox

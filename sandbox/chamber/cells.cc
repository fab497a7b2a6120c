#include "sandbox/chamber/cells.hh"

#include "sandbox/base/error.hh"
#include "sandbox/cell/network.hh"

#include <algorithm>
#include <chrono>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kProcessesToSpare = 64;

} // namespace

void Cells::start(CellOrder order)
{
    // where a cgroup counts, it is to refuse first: it tells that it did
    const std::uint64_t processes =
        order.plan.limits.processes + (order.watch_processes ? 0 : kProcessesToSpare);
    running_.push_back({order.request,
                        Cell::start(order.plan,
                                    std::move(order.descriptors),
                                    take_prepared(processes, order.group))});
    watcher_.watch({.cell = order.request,
                    .init = running_.back().cell.pid(),
                    .limits = order.plan.limits,
                    .upper = order.plan.upper,
                    .memory = order.watch_memory,
                    .processes = order.watch_processes,
                    .cpu = order.watch_cpu});
}

void Cells::kill(std::uint64_t request, Outcome::Kind reason, const std::string& limit)
{
    for (Running& running : running_)
        if (running.request == request) running.cell.kill(reason, limit);
}

/// What the host does not give now it may give when the cell is needed; if not, the step that needs
/// it says so.
void Cells::prepare_ahead()
try {
    if (!running_.empty() && !spare_ && ahead_for_ != 0)
        spare_.emplace(PreparedCell::make(make_cell_network(), free_slot(), ahead_for_));
} catch (const Error&) {
    spare_.reset();
}

/// A group of version 2 is cloned into, for a move waits for all of the machine's processes; so
/// such a cell cannot be made before its group is known.
PreparedCell Cells::take_prepared(std::uint64_t processes, const UniqueFd& group)
{
    ahead_for_ = group ? 0 : processes;
    const bool fits = !group && spare_ && spare_->fits(processes);
    if (!fits) {
        spare_.reset(); // before another takes a slot
        spare_.emplace(PreparedCell::make(
            make_cell_network(), free_slot(), processes, group ? group.get() : -1));
    }
    PreparedCell prepared = std::move(*spare_);
    spare_.reset();
    return prepared;
}

unsigned Cells::free_slot() const
{
    for (unsigned slot = 0; slot < PreparedCell::kSlots; ++slot)
        if (std::none_of(running_.begin(), running_.end(), [&](const Running& running) {
                return running.cell.slot() == slot;
            }))
            return slot;
    throw Error(ErrorKind::kInternal, "too many cells at once");
}

void Cells::watch(std::vector<pollfd>& list) const
{
    list.push_back({watcher_.fd(), POLLIN, 0});
    for (const Running& running : running_)
        list.push_back({running.cell.pidfd(), POLLIN, 0});
}

int Cells::milliseconds_left() const
{
    std::int64_t left = -1;
    for (const Running& running : running_) {
        const auto time = std::chrono::ceil<std::chrono::milliseconds>(running.cell.deadline() -
                                                                       Cell::Clock::now());
        const std::int64_t own = std::clamp<std::int64_t>(time.count(), 0, 1 << 30);
        left = left < 0 ? own : std::min(left, own);
    }
    return static_cast<int>(left);
}

void Cells::end_overdue()
{
    const auto now = Cell::Clock::now();
    for (Running& running : running_)
        if (running.cell.deadline() <= now) running.cell.kill(Outcome::Kind::kTimedOut);
}

std::vector<pollfd>::const_iterator Cells::settle(std::vector<pollfd>::const_iterator polled,
                                                  const Finish& finish)
{
    const bool past_limit = (polled++)->revents != 0;
    for (auto next = running_.begin(); next != running_.end();) {
        const auto running = next++;
        if ((polled++)->revents == 0) continue;
        watcher_.forget(running->request);
        finish(running->request, std::move(running->cell));
        running_.erase(running);
    }
    end_overdue();
    if (past_limit) {
        const WatchFinding finding = watcher_.receive();
        kill(finding.cell, finding.kind, finding.limit);
    }
    return polled;
}

} // namespace caisson::sandbox

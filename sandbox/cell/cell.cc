#include "sandbox/cell/cell.hh"

#include "sandbox/base/error.hh"
#include "sandbox/cell/handover.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <csignal>
#include <sys/wait.h>

namespace caisson::sandbox {
namespace {

/// What the report and the wait status say together.
Outcome judge(const Report& report, int init_status)
{
    Outcome outcome;
    outcome.landlock_abi = report.landlock_abi;
    outcome.detail = report.detail;
    if (report.not_found) {
        outcome.kind = Outcome::Kind::kNotFound;
        outcome.code = *report.not_found;
    } else if (!report.status) {
        outcome.kind = Outcome::Kind::kSignalled;
        outcome.code = WIFSIGNALED(init_status) ? WTERMSIG(init_status) : SIGKILL;
        outcome.detail = "the cell's init was killed: the host may be short of memory";
    } else if (WIFSIGNALED(*report.status)) {
        outcome.kind = Outcome::Kind::kSignalled;
        outcome.code = WTERMSIG(*report.status);
    } else {
        outcome.code = WEXITSTATUS(*report.status);
    }
    return outcome;
}

std::chrono::microseconds duration(const timeval& time)
{
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

/// The command ended by the kernel's hand because it alone took the whole step's processor time
/// (RLIMIT_CPU), and not because it sent itself that signal.
bool used_up_cpu(const Outcome& outcome, const Limits& limits)
{
    // the kernel compares what it sampled at ticks, and tells us what it measured between them
    const auto measured = outcome.cpu + outcome.cpu / 4 + std::chrono::milliseconds(100);
    return outcome.kind == Outcome::Kind::kSignalled &&
           (outcome.code == SIGXCPU || outcome.code == SIGKILL) && measured >= limits.cpu_time;
}

} // namespace

Cell::Cell(PreparedCell prepared, const Limits& limits)
    : prepared_(std::move(prepared))
    , limits_(limits)
    , started_(Clock::now())
    , deadline_(started_ + limits.step_time)
{}

Cell Cell::start(const Plan& plan, CellDescriptors descriptors, PreparedCell prepared)
try {
    Cell cell(std::move(prepared), plan.limits);
    if (plan.architecture == Architecture::kI386) {
        auto [ours, cells] = Channel::make_pair();
        descriptors.supervisor = std::move(cells);
        cell.supervisor_.emplace(Supervisor::start(cell.prepared_.users_.get(),
                                                   cell.prepared_.network_.get(),
                                                   descriptors.filter.get(),
                                                   std::move(ours)));
    }
    send_plan(cell.prepared_.plans_, plan, descriptors);
    return cell;
} catch (SysError& error) {
    error.set_kind(ErrorKind::kHost);
    error.add_context("start cell");
    throw;
}

void Cell::kill(Outcome::Kind reason, const std::string& limit)
{
    if (killed_) return;
    killed_ = reason;
    killed_by_ = limit;
    deadline_ = Clock::time_point::max(); // met; what is left is to be waited for
    // the namespace's init: the kernel ends everything in it
    sys::kill(prepared_.pid_, SIGKILL);
}

Outcome Cell::finish() &&
{
    const auto ended = sys::wait4(std::exchange(prepared_.pid_, -1));
    supervisor_.reset();
    if (!ended) throw Error(ErrorKind::kInternal, "a cell was reaped twice");
    const Report report = read_report(prepared_.report_.get());
    if (report.error && !killed_) {
        Error error = *report.error;
        error.add_context("start cell");
        throw Error(error);
    }
    if (!report.ready && !report.not_found && !killed_)
        throw Error(ErrorKind::kHost,
                    "start cell: the set-up was killed",
                    "the host may be short of memory");
    Outcome outcome = judge(report, ended->status);
    if (killed_) {
        outcome.kind = *killed_;
        outcome.detail.clear();
    }
    outcome.wall = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
    outcome.cpu = duration(ended->usage.ru_utime) + duration(ended->usage.ru_stime);
    outcome.peak_memory_bytes = static_cast<std::uint64_t>(ended->usage.ru_maxrss) * 1024;
    if (used_up_cpu(outcome, limits_)) outcome.kind = Outcome::Kind::kTooMuchCpu;
    name_limit(outcome, limits_);
    if (killed_by_ == "build_memory_bytes") {
        outcome.limit = killed_by_;
        outcome.allowed = limits_.build_memory_bytes;
    }
    return outcome;
}

} // namespace caisson::sandbox

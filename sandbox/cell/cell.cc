#include "sandbox/cell/cell.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/scope_exit.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/sys/identity.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string>
#include <sys/wait.h>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr uid_t kFirstSlotUser = 65000;
constexpr rlim_t kProcessesToSpare = 64;
constexpr const char* kIdentityMap = "0 0 65536";

/// Clones under the slot's user id and the plan's process limit. The kernel reads both when it
/// makes the user namespace (kernel/user_namespace.c, create_user_ns): the limit then bounds the
/// count of that user, which the whole cell adds to, whatever ids it takes on inside.
sys::Cloned clone_in_slot(rlim_t processes, int network, int group, unsigned slot)
{
    const UniqueFd own_network = open_file("/proc/self/ns/net", O_RDONLY);
    const rlimit usual = sys::getrlimit(RLIMIT_NPROC);
    ScopeExit restore([&usual, &own_network] {
        sys::set_effective_user(0);
        sys::setns(own_network.get(), CLONE_NEWNET);
        sys::set_dumpable(false);
        sys::set_parent_death_signal(); // the change of ids cleared it
        sys::setrlimit(RLIMIT_NPROC, usual);
    });
    sys::setns(network, CLONE_NEWNET);
    sys::setrlimit(RLIMIT_NPROC, {std::min(processes, usual.rlim_max), usual.rlim_max});
    sys::set_effective_user(kFirstSlotUser + slot);
    // inherited by the child, whose files in /proc would belong to the host's root otherwise
    sys::set_dumpable(true);
    sys::Cloned cloned = sys::clone3(kNamespaces, group);
    if (cloned.pid == 0) restore.dismiss();
    return cloned;
}

void write_map(pid_t pid, const char* name)
{
    const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
    write_all(open_file(path, O_WRONLY).get(), kIdentityMap);
}

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

Cell::Cell(pid_t pid, UniqueFd pidfd, UniqueFd report, unsigned slot, const Limits& limits)
    : pid_(pid)
    , pidfd_(std::move(pidfd))
    , report_(std::move(report))
    , slot_(slot)
    , limits_(limits)
    , started_(Clock::now())
    , deadline_(started_ + limits.step_time)
{}

Cell::Cell(Cell&& other) noexcept
    : pid_(std::exchange(other.pid_, -1))
    , pidfd_(std::move(other.pidfd_))
    , report_(std::move(other.report_))
    , slot_(other.slot_)
    , limits_(other.limits_)
    , started_(other.started_)
    , deadline_(other.deadline_)
    , killed_(other.killed_)
    , killed_by_(std::move(other.killed_by_))
    , supervisor_(std::move(other.supervisor_))
{}

Cell::~Cell()
{
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
    }
}

Cell Cell::start(const Plan& plan,
                 CellDescriptors descriptors,
                 UniqueFd network,
                 CellGroups groups,
                 unsigned slot)
try {
    // where a cgroup counts, it is to refuse first: it tells that it did
    const rlim_t processes =
        plan.limits.processes + (groups.count_processes ? kProcessesToSpare : 0);
    auto [id_maps, maps_written] = make_pipe();
    auto [report, report_end] = make_pipe();
    // {the supervisor's end, the cell's}, where the architecture wants one
    std::optional<std::pair<Channel, UniqueFd>> supervision;
    if (plan.architecture == Architecture::kI386) supervision = Channel::make_pair();
    sys::Cloned cloned = clone_in_slot(processes, network.get(), groups.directory.get(), slot);
    if (cloned.pid == 0) {
        maps_written.reset();
        network.reset();
        CellSetup setup{.plan = plan,
                        .filter = std::move(descriptors.filter),
                        .output = std::move(descriptors.output),
                        .errors = std::move(descriptors.errors),
                        .input = std::move(descriptors.input),
                        .groups = std::move(groups.tasks),
                        .processes = processes,
                        .id_maps = std::move(id_maps),
                        .report = std::move(report_end)};
        if (supervision) setup.supervisor.emplace(std::move(supervision->second));
        supervision.reset(); // or the end of a supervisor would never be seen
        run_setup(setup);
    }
    Cell cell(cloned.pid, std::move(cloned.pidfd), std::move(report), slot, plan.limits);
    in_context("map ids", [&] {
        write_map(cell.pid_, "uid_map");
        write_map(cell.pid_, "gid_map");
    });
    if (supervision) {
        supervision->second.reset();
        cell.supervisor_.emplace(Supervisor::start(
            cell.pid_, network.get(), descriptors.filter.get(), std::move(supervision->first)));
    }
    write_all(maps_written.get(), "g");
    return cell;
} catch (SysError& error) {
    // no namespace or process was to be had: this host's doing, not the input's
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
    sys::kill(pid_, SIGKILL);
}

Outcome Cell::finish() &&
{
    const auto ended = sys::wait4(std::exchange(pid_, -1));
    supervisor_.reset();
    if (!ended) throw Error(ErrorKind::kInternal, "a cell was reaped twice");
    const Report report = read_report(report_.get());
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

#include "sandbox/cell/prepared.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/scope_exit.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/sys/identity.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <utility>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr uid_t kFirstSlotUser = 65000;
constexpr const char* kIdentityMap = "0 0 65536";

/// Clones under the slot's user id and the limit of processes. The kernel reads both when it makes
/// the user namespace (kernel/user_namespace.c, create_user_ns): the limit then bounds the count of
/// that user, which the whole cell adds to, whatever ids it takes on inside.
sys::Cloned clone_in_slot(int network, unsigned slot, rlim_t processes, int group)
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

} // namespace

PreparedCell::PreparedCell(pid_t pid, UniqueFd pidfd, Channel plans, UniqueFd report)
    : pid_(pid)
    , pidfd_(std::move(pidfd))
    , plans_(std::move(plans))
    , report_(std::move(report))
{}

PreparedCell::PreparedCell(PreparedCell&& other) noexcept
    : pid_(std::exchange(other.pid_, -1))
    , pidfd_(std::move(other.pidfd_))
    , plans_(std::move(other.plans_))
    , report_(std::move(other.report_))
    , network_(std::move(other.network_))
    , users_(std::move(other.users_))
    , slot_(other.slot_)
    , processes_(other.processes_)
{}

PreparedCell::~PreparedCell()
{
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
    }
}

PreparedCell PreparedCell::make(UniqueFd network, unsigned slot, std::uint64_t processes, int group)
try {
    auto [plans, plans_end] = Channel::make_pair();
    auto [report, report_end] = make_pipe();
    sys::Cloned cloned = clone_in_slot(network.get(), slot, processes, group);
    if (cloned.pid == 0) {
        CellSetup setup{.chamber = Channel(std::move(plans_end)),
                        .report = std::move(report_end),
                        .processes = processes};
        run_setup(setup);
    }
    PreparedCell cell(cloned.pid, std::move(cloned.pidfd), std::move(plans), std::move(report));
    cell.network_ = std::move(network);
    // once it has its ids, this could not be opened any more
    cell.users_ = open_file("/proc/" + std::to_string(cell.pid_) + "/ns/user", O_RDONLY);
    cell.slot_ = slot;
    cell.processes_ = processes;
    in_context("map ids", [&] {
        write_map(cell.pid_, "uid_map");
        write_map(cell.pid_, "gid_map");
    });
    cell.plans_.send("mapped");
    return cell;
} catch (SysError& error) {
    // no namespace or process was to be had: this host's doing, not the input's
    error.set_kind(ErrorKind::kHost);
    error.add_context("start cell");
    throw;
}

bool PreparedCell::fits(std::uint64_t processes) const
{
    pollfd ended = {pidfd_.get(), POLLIN, 0};
    return processes == processes_ && ::poll(&ended, 1, 0) == 0;
}

} // namespace caisson::sandbox

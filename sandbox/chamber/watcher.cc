#include "sandbox/chamber/watcher.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/chamber/watched_cell.hh"
#include "sandbox/plan_json.hh"
#include "sandbox/sys/capability.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <list>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

using nlohmann::json;

/// Reading: processes, trees, the books of a file system; and talking to the chamber.
constexpr std::array kAllowed = {
    SYS_read,           SYS_pread64,      SYS_lseek,      SYS_close,      SYS_fcntl,
    SYS_fstat,          SYS_fstatfs,      SYS_openat,     SYS_newfstatat, SYS_getdents64,
    SYS_sendmsg,        SYS_recvfrom,     SYS_recvmsg,    SYS_ppoll,      SYS_brk,
    SYS_mmap,           SYS_munmap,       SYS_mremap,     SYS_madvise,    SYS_futex,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_getpid,     SYS_gettid,
    SYS_tgkill, // of a failed assertion
    SYS_clock_gettime,  SYS_exit,         SYS_exit_group,
#if defined(__x86_64__)
    SYS_poll,
#endif
};

/// Landlock is no wall here: a process of a domain of its own may not look at those outside it
/// (landlock(7), ptrace), and looking at cells is what this one is for.
void raise_watcher_walls()
{
    sys::CapabilitySet kept = 0;
    for (const int capability : {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH})
        kept |= sys::CapabilitySet{1} << static_cast<unsigned>(capability);
    sys::drop_bounding(kept);
    sys::capset(kept);
    sys::set_no_new_privileges();
    sys::set_dumpable(false);
    seccomp_set_filter(filter_that_allows(kAllowed));
}

/// Leaves the standard streams, which are /dev/null, and these.
void close_all_but(std::vector<int> kept)
{
    std::sort(kept.begin(), kept.end());
    int next = 3;
    for (const int fd : kept) {
        if (fd > next) sys::close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1));
        next = fd + 1;
    }
    sys::close_range(static_cast<unsigned>(next), ~0U);
}

json to_json(const WatchOrder& order)
{
    return {{"watch", order.cell},
            {"init", order.init},
            {"limits", sandbox::to_json(order.limits)},
            {"upper", order.upper},
            {"memory", order.memory},
            {"processes", order.processes},
            {"cpu", order.cpu}};
}

WatchOrder order_from_json(const json& value)
{
    return {.cell = value.at("watch"),
            .init = value.at("init"),
            .limits = limits_from_json(value.at("limits")),
            .upper = value.at("upper"),
            .memory = value.at("memory"),
            .processes = value.at("processes"),
            .cpu = value.at("cpu")};
}

class Watch {
public:
    /// All three are borrowed.
    Watch(const Channel& chamber, int trees, int procfs)
        : chamber_(chamber)
        , trees_(trees)
        , procfs_(procfs)
    {}

    /// Until the chamber is gone.
    void run()
    {
        for (;;) {
            pollfd waiting = {chamber_.fd(), POLLIN, 0};
            if (::poll(&waiting, 1, milliseconds_left()) < 0 && errno != EINTR)
                throw SysError(errno, "poll");
            if (waiting.revents != 0 && !take_message()) return;
            look_at_cells();
            bound_the_build();
        }
    }

private:
    [[nodiscard]] int milliseconds_left() const
    {
        if (cells_.empty()) return -1;
        const auto first = std::min_element(
            cells_.begin(), cells_.end(), [](const WatchedCell& one, const WatchedCell& other) {
                return one.due() < other.due();
            });
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(first->due() - WatchedCell::Clock::now());
        return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1000));
    }

    bool take_message()
    {
        const auto message = chamber_.receive();
        if (!message) return false;
        const json value = json::parse(message->text);
        if (value.contains("watch"))
            cells_.emplace_back(order_from_json(value), trees_, cores_);
        else
            forget(value.at("forget").get<std::uint64_t>());
        return true;
    }

    void forget(std::uint64_t cell)
    {
        cells_.remove_if([&](const WatchedCell& one) { return one.order().cell == cell; });
    }

    void report(const WatchFinding& finding)
    {
        chamber_.send(json({{"cell", finding.cell},
                            {"kind", static_cast<int>(finding.kind)},
                            {"limit", finding.limit}})
                          .dump());
        forget(finding.cell);
    }

    void look_at_cells()
    {
        ProcessTable table(procfs_);
        for (auto next = cells_.begin(); next != cells_.end();) {
            WatchedCell& cell = *next++;
            if (cell.due() > WatchedCell::Clock::now()) continue;
            if (const auto passed = cell.look(table))
                report({.cell = cell.order().cell, .kind = *passed, .limit = {}});
        }
    }

    /// The steps that run at once, together: the one that takes most is ended.
    void bound_the_build()
    {
        std::uint64_t together = 0;
        const WatchedCell* largest = nullptr;
        for (const WatchedCell& cell : cells_) {
            together += cell.memory();
            if (largest == nullptr || cell.memory() > largest->memory()) largest = &cell;
        }
        if (largest != nullptr && together > largest->order().limits.build_memory_bytes)
            report({.cell = largest->order().cell, .limit = "build_memory_bytes"});
    }

    const Channel& chamber_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    int trees_;
    int procfs_;
    const unsigned cores_ = std::max(1U, std::thread::hardware_concurrency()); // before the walls
    std::list<WatchedCell> cells_;
};

[[noreturn]] void be_watcher(UniqueFd socket, int trees)
{
    const Channel chamber(std::move(socket));
    try {
        sys::set_parent_death_signal();
        const UniqueFd procfs = open_file("/proc", O_RDONLY | O_DIRECTORY);
        close_all_but({chamber.fd(), trees, procfs.get()});
        Watch watch(chamber, trees, procfs.get());
        (void)nameless_files(procfs.get(), {}); // learns what takes a system call of its own
        in_context("start the watcher", [] { raise_watcher_walls(); });
        watch.run();
    } catch (const Error& error) {
        // the chamber, which is told, ends what was watched
        chamber.send("{\"error\":" + error_to_json(error) + "}");
    }
    ::_exit(0);
}

} // namespace

Watcher::Watcher(Channel channel)
    : channel_(std::move(channel))
{}

Watcher Watcher::start(int trees)
{
    auto [channel, theirs] = Channel::make_pair();
    if (sys::fork() == 0) be_watcher(std::move(theirs), trees);
    return Watcher(std::move(channel));
}

void Watcher::watch(const WatchOrder& order) const
{
    channel_.send(to_json(order).dump());
}

void Watcher::forget(std::uint64_t cell) const
{
    channel_.send(json({{"forget", cell}}).dump());
}

WatchFinding Watcher::receive() const
{
    const auto message = channel_.receive();
    if (!message) throw Error(ErrorKind::kHost, "the watcher of limits ended");
    const json value = json::parse(message->text);
    if (value.contains("error")) throw error_from_json(value["error"].dump());
    return {.cell = value.at("cell"),
            .kind = static_cast<Outcome::Kind>(value.at("kind").get<int>()),
            .limit = value.at("limit")};
}

} // namespace caisson::sandbox

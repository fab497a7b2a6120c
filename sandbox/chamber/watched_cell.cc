#include "sandbox/chamber/watched_cell.hh"

#include "sandbox/base/file.hh"
#include "sandbox/base/unique_fd.hh"

#include <algorithm>
#include <fcntl.h>
#include <numeric>

namespace caisson::sandbox {
namespace {

using namespace std::chrono_literals;

// What a step can do in a millisecond at most: faster than any measured.
constexpr std::uint64_t kMemoryPerMillisecond = 8ULL << 20;
constexpr std::uint64_t kDiskPerMillisecond = 4ULL << 20;
constexpr std::uint64_t kFilesPerMillisecond = 200;

constexpr auto kFirstLook = 10ms; ///< most steps are done by then
constexpr auto kSoonest = 5ms;
constexpr auto kLatest = 200ms;
constexpr int kShareOfTime = 4; ///< what looking may take: one part against so many of rest

/// How long a tree goes uncounted although its file system says that all is well.
constexpr auto kTreeAnyway = 2s;
/// The same where the file system does not say, or says it late.
constexpr auto kTreeBlindly = 500ms;
constexpr int kShareOfTreeTime = 20;

/// overlayfs's own directories, which are no doing of the step's.
constexpr TreeUse kOverlay = {.bytes = 64U << 10, .files = 4};

/// Shared memory of the host that may come up before files without a name are looked for again.
constexpr std::uint64_t kUnseenMemory = 16ULL << 20;

/// At a cell that seems to have taken too much memory.
constexpr int kMoreLooks = 2;

std::uint64_t less(std::uint64_t from, std::uint64_t what)
{
    return from > what ? from - what : 0;
}

std::uint64_t sum_of_memory(const std::vector<ProcessUse>& processes)
{
    return std::accumulate(
        processes.begin(),
        processes.end(),
        std::uint64_t{0},
        [](std::uint64_t sum, const ProcessUse& use) { return sum + use.memory_bytes; });
}

std::uint64_t sum_of_shares(int procfs, const std::vector<ProcessUse>& processes)
{
    std::uint64_t sum = 0;
    for (const ProcessUse& use : processes)
        sum += proportional_memory(procfs, use).value_or(0);
    return sum;
}

/// "Shmem" of /proc/meminfo: every file in memory of the host, memfd_create(2)'s among them.
std::uint64_t shared_memory(int procfs)
{
    const UniqueFd file = open_file_at(procfs, "meminfo", O_RDONLY);
    return sum_of_lines(read_all(file.get(), 1U << 16, "meminfo"), {"Shmem:"});
}

} // namespace

std::vector<ProcessUse> ProcessTable::below(pid_t init)
{
    if (!all_) all_ = read_processes(procfs_);
    return processes_below(*all_, init);
}

WatchedCell::WatchedCell(WatchOrder order, int trees, unsigned cores)
    : order_(std::move(order))
    , trees_(trees)
    , cores_(cores)
    , due_(Clock::now() + kFirstLook)
    , space_(space_left(trees))
    , tree_due_(Clock::now() + kTreeAnyway)
{}

std::optional<Outcome::Kind> WatchedCell::look(ProcessTable& table)
{
    const Clock::time_point started = Clock::now();
    interval_ = kLatest;
    std::optional<Outcome::Kind> passed;
    if (order_.memory || order_.processes || order_.cpu) {
        const Processes processes = table.below(order_.init);
        if (order_.processes && too_many_processes(processes))
            passed = Outcome::Kind::kTooManyProcesses;
        else if (order_.memory && too_much_memory(processes, table.procfs()))
            passed = Outcome::Kind::kOutOfMemory;
        else if (order_.cpu && too_much_cpu(processes))
            passed = Outcome::Kind::kTooMuchCpu;
    }
    if (!passed && !order_.upper.empty()) passed = too_much_disk(table);
    const Clock::time_point now = Clock::now();
    due_ = now + std::max<Clock::duration>(interval_, kShareOfTime * (now - started));
    return passed;
}

void WatchedCell::come_back_before(std::uint64_t left, std::uint64_t per_millisecond)
{
    const std::uint64_t longest = static_cast<std::uint64_t>(kLatest.count());
    const std::chrono::milliseconds time(std::min(left / per_millisecond, longest));
    interval_ = std::min(interval_, std::max<std::chrono::milliseconds>(time, kSoonest));
}

bool WatchedCell::too_many_processes(const Processes& processes) const
{
    const std::uint64_t tasks = std::accumulate(
        processes.begin(), processes.end(), std::uint64_t{0}, [](auto sum, const ProcessUse& use) {
            return sum + use.tasks;
        });
    return tasks >= order_.limits.processes; // RLIMIT_NPROC lets it come to that
}

bool WatchedCell::too_much_memory(const Processes& processes, int procfs)
{
    const std::uint64_t shared = shared_memory(procfs);
    if (shared > shared_memory_ + kUnseenMemory || nameless_memory_ > 0) {
        nameless_memory_ = nameless_files(procfs, processes).memory_bytes;
        shared_memory_ = shared;
    }
    shared_memory_ = std::min(shared_memory_, shared);
    const std::uint64_t limit = order_.limits.memory_bytes;
    memory_ = sum_of_memory(processes) + nameless_memory_;
    if (memory_ > limit) memory_ = sum_of_shares(procfs, processes) + nameless_memory_;
    // Shares are read process by process: of one that forks meanwhile the whole is counted, and its
    // child's share on top. So who seems to be past the limit is looked at again.
    for (int look = 0; look < kMoreLooks && memory_ > limit; ++look) {
        ProcessTable table(procfs);
        memory_ = sum_of_shares(procfs, table.below(order_.init)) + nameless_memory_;
    }
    come_back_before(less(limit, memory_), kMemoryPerMillisecond);
    return memory_ > limit;
}

/// Two sums, neither of which is ever too large: what living processes and those they waited for
/// took, and what each was seen to take while it lived. The first misses children that nobody
/// waited for, the second those that came and went between two looks.
bool WatchedCell::too_much_cpu(const Processes& processes)
{
    std::chrono::microseconds waited_for{0};
    std::map<pid_t, std::chrono::microseconds> now;
    for (const ProcessUse& use : processes) {
        waited_for += use.own_cpu + use.children_cpu;
        const auto before = cpu_of_.find(use.pid);
        // a number may have been given to another process meanwhile
        const bool same = before != cpu_of_.end() && before->second <= use.own_cpu;
        cpu_ += same ? use.own_cpu - before->second : use.own_cpu;
        now.emplace(use.pid, use.own_cpu);
    }
    cpu_of_ = std::move(now);
    const std::chrono::microseconds taken = std::max(cpu_, waited_for);
    const std::chrono::microseconds limit = order_.limits.cpu_time;
    come_back_before(static_cast<std::uint64_t>(std::max(limit - taken, 0us).count()),
                     1000ULL * cores_);
    return taken > limit;
}

TreeUse WatchedCell::most_disk() const
{
    return {.bytes = order_.limits.disk_bytes + kOverlay.bytes,
            .files = order_.limits.disk_files + kOverlay.files};
}

/// Between two counts of the tree its file system's books are enough: as long as the disk has not
/// lost more than the step may still take, the step has not taken it.
std::optional<Outcome::Kind> WatchedCell::too_much_disk(ProcessTable& table)
{
    const TreeUse most = most_disk();
    const auto bytes = [&](const Space& now) {
        return tree_.bytes + less(space_.bytes, now.bytes);
    };
    const auto files = [&](const Space& now) {
        return tree_.files + (now.counts_files ? less(space_.files, now.files) : 0);
    };
    Space now = space_left(trees_);
    if (bytes(now) > most.bytes || files(now) > most.files || Clock::now() >= tree_due_) {
        count_tree_again(table);
        if (tree_.bytes > most.bytes) return Outcome::Kind::kTooMuchDisk;
        if (tree_.files > most.files) return Outcome::Kind::kTooManyFiles;
        now = space_left(trees_);
    }
    come_back_before(less(most.bytes, bytes(now)), kDiskPerMillisecond);
    come_back_before(less(most.files, files(now)), kFilesPerMillisecond);
    return std::nullopt;
}

void WatchedCell::count_tree_again(ProcessTable& table)
{
    const Clock::time_point started = Clock::now();
    space_ = space_left(trees_);
    const UniqueFd tree = open_file_at(trees_, order_.upper, O_RDONLY | O_DIRECTORY);
    tree_ = count_tree(tree.get(), most_disk());
    const NamelessFiles nameless = nameless_files(table.procfs(), table.below(order_.init));
    tree_.bytes += nameless.disk_bytes;
    tree_.files += nameless.disk_files;
    const Clock::time_point now = Clock::now();
    const bool blind = !space_.prompt || !space_.counts_files || !tree_.whole;
    tree_due_ = now + std::max<Clock::duration>(blind ? Clock::duration(kTreeBlindly)
                                                      : Clock::duration(kTreeAnyway),
                                                kShareOfTreeTime * (now - started));
}

} // namespace caisson::sandbox

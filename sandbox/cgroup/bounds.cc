#include "sandbox/cgroup/bounds.hh"

#include "sandbox/sys/path.hh"

#include <algorithm>
#include <thread>

namespace caisson::sandbox {
namespace {

constexpr std::uint64_t kPeriod = 100'000; ///< microseconds, the kernel's own default

Holder holder_of(const GroupPlace& place)
{
    return place.version == 2 ? Holder::kCgroup2 : Holder::kCgroup1;
}

/// Of one percent of a core in each period.
std::uint64_t quota(std::uint64_t percent)
{
    return percent * (kPeriod / 100);
}

bool bound_memory_2(const Group& group, const Limits& limits, bool& swap)
{
    swap = group.try_write("memory.swap.max", limits.swap_bytes);
    // when it runs out, the whole step ends and not whichever process was largest
    return group.try_write("memory.max", limits.memory_bytes) &&
           group.try_write("memory.oom.group", "1");
}

/// memory.memsw counts both, and may never be below memory alone.
bool bound_memory_1(const Group& group, const Limits& limits, bool& swap)
{
    const auto set = [&] { return group.try_write("memory.limit_in_bytes", limits.memory_bytes); };
    // a group that had other limits before: one of the two orders is right
    const bool first = set();
    swap = group.try_write("memory.memsw.limit_in_bytes", limits.memory_bytes + limits.swap_bytes);
    return first || set();
}

/// Every size of huge page that the kernel has; rsvd counts what is reserved by mmap(2) already, so
/// that a refusal comes there and not as a SIGBUS later.
bool bound_huge_pages(const Group& group, int version, std::uint64_t bytes)
{
    const std::string_view end = version == 2 ? ".max" : ".limit_in_bytes";
    const std::vector<sys::DirectoryEntry> files = sys::read_directory(group.directory());
    return std::all_of(files.begin(), files.end(), [&](const sys::DirectoryEntry& file) {
        return !file.name.starts_with("hugetlb.") || !file.name.ends_with(end) ||
               group.try_write(file.name, bytes);
    });
}

bool bound_cpu(const Group& group, int version, std::uint64_t percent)
{
    if (version == 2)
        return group.try_write("cpu.max",
                               std::to_string(quota(percent)) + " " + std::to_string(kPeriod));
    return group.try_write("cpu.cfs_period_us", kPeriod) &&
           group.try_write("cpu.cfs_quota_us", quota(percent));
}

} // namespace

LimitHolders bound_build(const GroupPlace& place, const Group& group, const Limits& limits)
{
    LimitHolders held;
    const std::uint64_t memory =
        std::min(limits.build_memory_bytes, place.bounds.memory_bytes.value_or(~std::uint64_t{0}));
    if (place.version == 1) {
        // before Linux 5.11 a group's limit was not that of the groups below it unless asked for
        if (place.has("memory")) (void)group.try_write("memory.use_hierarchy", "1");
        if (place.has("memory") && group.try_write("memory.limit_in_bytes", memory))
            held["build_memory_bytes"] = Holder::kCgroup1;
        return held;
    }
    if (group.try_write("memory.max", memory)) held["build_memory_bytes"] = Holder::kCgroup2;
    if (place.bounds.processes) (void)group.try_write("pids.max", *place.bounds.processes);
    if (!place.bounds.cpu.empty()) (void)group.try_write("cpu.max", place.bounds.cpu);
    // a controller that is not passed on is found missing in the groups of the steps
    for (const std::string& controller : place.controllers)
        (void)group.try_write("cgroup.subtree_control", "+" + controller);
    return held;
}

LimitHolders bound_step(const GroupPlace& place, const Group& group, const Limits& limits)
{
    LimitHolders held;
    const auto hold = [&](const char* limit, bool done) {
        if (done) held[limit] = holder_of(place);
    };
    if (place.has("memory")) {
        bool swap = false;
        hold("memory_bytes",
             place.version == 2 ? bound_memory_2(group, limits, swap)
                                : bound_memory_1(group, limits, swap));
        hold("swap_bytes", swap);
    }
    if (place.has("pids")) hold("processes", group.try_write("pids.max", limits.processes));
    if (place.has("hugetlb"))
        hold("huge_page_bytes", bound_huge_pages(group, place.version, limits.huge_page_bytes));
    if (place.has("cpu") && cores_exceed(limits.cpu_percent))
        hold("cpu_percent", bound_cpu(group, place.version, limits.cpu_percent));
    return held;
}

bool cores_exceed(std::uint64_t cpu_percent)
{
    const unsigned cores = std::thread::hardware_concurrency();
    return cores == 0 || std::uint64_t{cores} * 100 > cpu_percent;
}

} // namespace caisson::sandbox

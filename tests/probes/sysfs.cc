// /sys: no build needs it, and every file of it is the host's.
#include "tests/probes/areas.hh"
#include "tests/probes/surroundings.hh"

namespace caisson::probes {
namespace {

Finding write_cgroup()
{
    for (const char* path : {"/sys/fs/cgroup/cgroup.procs",
                             "/sys/fs/cgroup/unified/cgroup.procs",
                             "/sys/fs/cgroup/memory/cgroup.procs",
                             "/sys/fs/cgroup/memory/tasks"}) {
        const Finding found = open_to_write(path);
        if (found.result == Result::kOpen) return found;
    }
    return refused_because("no cgroup can be joined or left");
}

constexpr Attempt kAttempts[] = {
    {"sys.present",
     Severity::kShould,
     kCheap,
     "the host's devices and kernel objects",
     [] { return list_something("/sys"); }},
    {"sys.block",
     Severity::kShould,
     kCheap,
     "the host's disks",
     [] { return list_something("/sys/block"); }},
    {"sys.net",
     Severity::kShould,
     kCheap,
     "network interfaces of whoever mounted it",
     [] { return list_something("/sys/class/net"); }},
    {"sys.module",
     Severity::kShould,
     kCheap,
     "loaded kernel code, its parameters",
     [] { return list_something("/sys/module"); }},
    {"sys.firmware",
     Severity::kShould,
     kCheap,
     "serial numbers, firmware variables",
     [] { return list_something("/sys/firmware"); }},
    {"sys.powercap",
     Severity::kShould,
     kCheap,
     "power use as a side channel (CVE-2020-8694)",
     [] { return list_something("/sys/devices/system/cpu"); }},
    {"sys.cgroup",
     Severity::kShould,
     kCheap,
     "the host's cgroups",
     [] { return list_something("/sys/fs/cgroup"); }},
    {"sys.write_cgroup", Severity::kMust, kCheap, "leave the cgroup, and its limits", write_cgroup},
    {"sys.release_agent",
     Severity::kMust,
     kCheap,
     "a program that the host starts as root (CVE-2022-0492)",
     [] { return open_to_write("/sys/fs/cgroup/memory/release_agent"); }},
    {"sys.uevent_helper",
     Severity::kMust,
     kCheap,
     "a program that the host starts as root for a device",
     [] { return open_to_write("/sys/kernel/uevent_helper"); }},
    {"sys.huge_pages",
     Severity::kMust,
     kCheap,
     "how the host's memory is managed",
     [] { return open_to_write("/sys/kernel/mm/transparent_hugepage/enabled"); }},
    {"sys.cpu_online",
     Severity::kMust,
     kCheap,
     "take a processor from the host",
     [] { return open_to_write("/sys/devices/system/cpu/cpu1/online"); }},
    {"sys.power_state",
     Severity::kMust,
     kCheap,
     "put the host to sleep",
     [] { return open_to_write("/sys/power/state"); }},
    {"sys.block_rescan",
     Severity::kMust,
     kCheap,
     "the host's disk queues",
     [] { return open_to_write("/sys/block/loop0/queue/read_ahead_kb"); }},
    {"sys.vmcoreinfo",
     Severity::kShould,
     kCheap,
     "where the kernel's dump lies",
     [] { return read_something("/sys/kernel/notes"); }},
};

} // namespace

std::span<const Attempt> sysfs_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

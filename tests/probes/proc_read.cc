// What /proc tells of the host: its devices, its load, its kernel, other people's processes.
#include "tests/probes/areas.hh"
#include "tests/probes/surroundings.hh"

#include <cstdio>
#include <string>

namespace caisson::probes {
namespace {

/// A build needs to know how many processors and how much memory there is (make -j, JVM); the rest
/// of what the host's memory is used for tells of others.
Finding read_meminfo()
{
    const std::string text = content_of("/proc/meminfo");
    if (text.empty()) return refused_because("/proc/meminfo is empty");
    if (text.find("Slab:") != std::string::npos || text.find("Dirty:") != std::string::npos)
        return open_because("/proc/meminfo has the whole machine's use of memory");
    return refused_because("/proc/meminfo has totals only");
}

/// Whether the figures of a line are more than noughts.
bool counts(const std::string& line)
{
    return line.find_first_of("123456789") != std::string::npos;
}

Finding read_stat()
{
    const std::string text = content_of("/proc/stat");
    if (text.empty()) return refused_because("/proc/stat is empty");
    if (counts(text.substr(0, text.find('\n'))))
        return open_because("/proc/stat has the whole machine's processor times");
    return refused_because("/proc/stat says that nothing was done");
}

Finding read_uptime()
{
    const std::string text = content_of("/proc/uptime");
    if (text.empty()) return refused_because("/proc/uptime is empty");
    if (counts(text)) return open_because("/proc/uptime: %.60s", text.c_str());
    return refused_because("/proc/uptime says now");
}

/// "0.05 0.10 0.06 1/110 4711": load, tasks that run and all that there are, the last's number.
Finding read_loadavg()
{
    const std::string text = content_of("/proc/loadavg");
    if (text.empty()) return refused_because("/proc/loadavg is empty");
    double load = 0;
    int tasks = 0;
    if (std::sscanf(text.c_str(), "%lf %*s %*s %*d/%d", &load, &tasks) == 2 && load == 0 &&
        tasks <= 1)
        return refused_because("/proc/loadavg says that nothing runs");
    return open_because("/proc/loadavg: %.60s", text.c_str());
}

/// In every network namespace, and of all of them: packets that each processor took, and memory of
/// TCP (net/core/net-procfs.c, net/ipv4/proc.c).
Finding read_network_counters()
{
    const std::string packets = content_of("/proc/self/net/softnet_stat");
    if (counts(packets.substr(0, packets.find(' '))))
        return open_because("/proc/self/net/softnet_stat: %.40s", packets.c_str());
    const std::string memory = content_of("/proc/self/net/sockstat");
    if (!memory.empty()) return open_because("/proc/self/net/sockstat has the machine's TCP");
    return refused_because("/proc/self/net has no counters of the machine");
}

constexpr Attempt kAttempts[] = {
    {"proc.read_kcore",
     Severity::kMust,
     kCheap,
     "the memory of the whole machine",
     [] { return read_something("/proc/kcore"); }},
    {"proc.read_kmsg",
     Severity::kMust,
     kCheap,
     "the kernel's log: addresses, other people's devices",
     [] { return read_something("/proc/kmsg"); }},
    {"proc.read_keys",
     Severity::kMust,
     kCheap,
     "the keys of everybody, with their names",
     [] { return read_something("/proc/keys"); }},
    {"proc.read_key_users",
     Severity::kShould,
     kCheap,
     "who has how many keys",
     [] { return read_something("/proc/key-users"); }},
    {"proc.read_kallsyms",
     Severity::kShould,
     kCheap,
     "where the kernel's functions lie",
     [] { return read_something("/proc/kallsyms"); }},
    {"proc.read_iomem",
     Severity::kShould,
     kCheap,
     "where the machine's memory and devices lie",
     [] { return read_something("/proc/iomem"); }},
    {"proc.read_ioports",
     Severity::kShould,
     kCheap,
     "the machine's ports",
     [] { return read_something("/proc/ioports"); }},
    {"proc.read_interrupts",
     Severity::kShould,
     kCheap,
     "when somebody types, what hardware there is (keystroke timing)",
     [] { return read_something("/proc/interrupts"); }},
    {"proc.read_softirqs",
     Severity::kShould,
     kCheap,
     "the same by kind of work",
     [] { return read_something("/proc/softirqs"); }},
    {"proc.read_cmdline",
     Severity::kShould,
     kCheap,
     "the kernel's command line: disks, keys of installers",
     [] { return read_something("/proc/cmdline"); }},
    {"proc.read_diskstats",
     Severity::kShould,
     kCheap,
     "other people's reads and writes",
     [] { return read_something("/proc/diskstats"); }},
    {"proc.read_partitions",
     Severity::kShould,
     kCheap,
     "the host's disks",
     [] { return read_something("/proc/partitions"); }},
    {"proc.read_slabinfo",
     Severity::kShould,
     kCheap,
     "the kernel's heap: what an exploit needs to groom it",
     [] { return read_something("/proc/slabinfo"); }},
    {"proc.read_vmallocinfo",
     Severity::kShould,
     kCheap,
     "where the kernel's mappings lie",
     [] { return read_something("/proc/vmallocinfo"); }},
    {"proc.read_pagetypeinfo",
     Severity::kShould,
     kCheap,
     "how free memory is split up: for an exploit's page spray",
     [] { return read_something("/proc/pagetypeinfo"); }},
    {"proc.read_buddyinfo",
     Severity::kShould,
     kCheap,
     "the same, coarser",
     [] { return read_something("/proc/buddyinfo"); }},
    {"proc.read_zoneinfo",
     Severity::kShould,
     kCheap,
     "the same, by zone",
     [] { return read_something("/proc/zoneinfo"); }},
    {"proc.read_vmstat",
     Severity::kShould,
     kCheap,
     "counters of the whole machine's memory: an oracle for what others do",
     [] { return read_something("/proc/vmstat"); }},
    {"proc.read_timer_list",
     Severity::kShould,
     kCheap,
     "every timer of every process (CVE-2017-5967)",
     [] { return read_something("/proc/timer_list"); }},
    {"proc.read_sched_debug",
     Severity::kShould,
     kCheap,
     "the names of every process",
     [] { return read_something("/proc/sched_debug"); }},
    {"proc.read_locks",
     Severity::kShould,
     kCheap,
     "who holds which file locked",
     [] { return read_something("/proc/locks"); }},
    {"proc.read_modules",
     Severity::kShould,
     kCheap,
     "what kernel code is loaded",
     [] { return read_something("/proc/modules"); }},
    {"proc.read_crypto",
     Severity::kShould,
     kCheap,
     "what kernel ciphers are loaded",
     [] { return read_something("/proc/crypto"); }},
    {"proc.read_consoles",
     Severity::kShould,
     kCheap,
     "the host's consoles",
     [] { return read_something("/proc/consoles"); }},
    {"proc.read_devices",
     Severity::kShould,
     kCheap,
     "the host's drivers",
     [] { return read_something("/proc/devices"); }},
    {"proc.read_misc",
     Severity::kShould,
     kCheap,
     "the host's miscellaneous drivers",
     [] { return read_something("/proc/misc"); }},
    {"proc.read_dma",
     Severity::kShould,
     kCheap,
     "the host's DMA channels",
     [] { return read_something("/proc/dma"); }},
    {"proc.read_mtrr",
     Severity::kShould,
     kCheap,
     "how physical memory is cached",
     [] { return read_something("/proc/mtrr"); }},
    {"proc.read_swaps",
     Severity::kShould,
     kCheap,
     "the host's swap files, by path",
     [] { return read_something("/proc/swaps"); }},
    {"proc.read_cgroups",
     Severity::kShould,
     kCheap,
     "how many cgroups the host has",
     [] { return read_something("/proc/cgroups"); }},
    {"proc.read_config",
     Severity::kShould,
     kCheap,
     "how the kernel was built: which exploit fits",
     [] { return read_something("/proc/config.gz"); }},
    {"proc.read_execdomains",
     Severity::kShould,
     kCheap,
     "execution domains of the kernel",
     [] { return read_something("/proc/execdomains"); }},
    {"proc.read_pressure",
     Severity::kShould,
     kCheap,
     "how busy the whole machine is",
     [] { return read_something("/proc/pressure/memory"); }},
    {"proc.read_bus",
     Severity::kShould,
     kCheap,
     "the host's PCI devices",
     [] { return read_something("/proc/bus/pci/devices"); }},
    {"proc.read_tty_drivers",
     Severity::kShould,
     kCheap,
     "the host's terminals' drivers",
     [] { return read_something("/proc/tty/drivers"); }},
    {"proc.read_irq",
     Severity::kShould,
     kCheap,
     "the host's interrupts",
     [] { return list_something("/proc/irq"); }},
    {"proc.read_fs",
     Severity::kShould,
     kCheap,
     "the host's file systems",
     [] { return list_something("/proc/fs"); }},
    {"proc.read_kpagecount",
     Severity::kMust,
     kCheap,
     "physical pages: what a Rowhammer attack aims by",
     [] { return read_something("/proc/kpagecount"); }},
    {"proc.read_kpageflags",
     Severity::kMust,
     kCheap,
     "physical pages, what they are used for",
     [] { return read_something("/proc/kpageflags"); }},
    {"proc.read_kpagecgroup",
     Severity::kMust,
     kCheap,
     "physical pages, whose they are",
     [] { return read_something("/proc/kpagecgroup"); }},
    {"proc.read_filesystems",
     Severity::kShould,
     kCheap,
     "what kernel code for file systems is loaded",
     [] { return read_something("/proc/filesystems"); }},
    {"proc.read_terminals",
     Severity::kShould,
     kCheap,
     "how many terminals the whole machine has open",
     [] { return read_something("/proc/sys/kernel/pty/nr"); }},
    {"proc.read_quota",
     Severity::kShould,
     kCheap,
     "how often the whole machine asked for quotas",
     [] { return read_something("/proc/sys/fs/quota/syncs"); }},
    {"proc.read_tainted",
     Severity::kShould,
     kCheap,
     "what happened to the kernel since it started: foreign modules, warnings",
     [] { return read_something("/proc/sys/kernel/tainted"); }},
    {"proc.read_poweroff_cmd",
     Severity::kShould,
     kCheap,
     "which program the host's root runs to switch it off",
     [] { return read_something("/proc/sys/kernel/poweroff_cmd"); }},
    {"proc.read_driver_settings",
     Severity::kShould,
     kCheap,
     "which drivers the host has",
     [] { return list_something("/proc/sys/dev"); }},
    {"proc.read_network_counters",
     Severity::kShould,
     kCheap,
     "how many packets the whole machine takes, how much memory its TCP has",
     read_network_counters},
    {"proc.read_boot_id",
     Severity::kShould,
     kCheap,
     "a number that is this host's until it boots again: it links builds to each other",
     [] { return read_something("/proc/sys/kernel/random/boot_id"); }},
    {"proc.read_stat",
     Severity::kShould,
     kCheap,
     "processor times of the whole machine, its start",
     read_stat},
    {"proc.read_uptime",
     Severity::kShould,
     kCheap,
     "when the machine started, how long it was idle",
     read_uptime},
    {"proc.read_loadavg",
     Severity::kShould,
     kCheap,
     "how busy the machine is, how many processes it has",
     read_loadavg},
    {"proc.read_schedstat",
     Severity::kShould,
     kCheap,
     "the scheduler's counters of the whole machine",
     [] { return read_something("/proc/schedstat"); }},
    {"proc.read_core_pattern",
     Severity::kShould,
     kCheap,
     "which handler of dumps the host has",
     [] { return read_something("/proc/sys/kernel/core_pattern"); }},
    {"proc.read_file_nr",
     Severity::kShould,
     kCheap,
     "how many files the whole machine has open",
     [] { return read_something("/proc/sys/fs/file-nr"); }},
    {"proc.read_inode_nr",
     Severity::kShould,
     kCheap,
     "how many inodes the whole machine has in memory",
     [] { return read_something("/proc/sys/fs/inode-nr"); }},
    {"proc.read_dentry_state",
     Severity::kShould,
     kCheap,
     "how many names the whole machine has in memory",
     [] { return read_something("/proc/sys/fs/dentry-state"); }},
    {"proc.read_meminfo",
     Severity::kShould,
     kCheap,
     "what the whole machine uses memory for",
     read_meminfo},
};

} // namespace

std::span<const Attempt> proc_read_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

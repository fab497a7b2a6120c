// Figures by which programs size themselves. What the kernel tells in /proc is the whole machine's:
// how busy it is, since when it runs, what others use its memory for; and more memory than the step
// may have. So a cell has files of its own in their place, which say what holds in it.
#include "sandbox/cell/figures.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/sys/file_system.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <sched.h>
#include <string_view>
#include <sys/sysinfo.h>

namespace caisson::sandbox {
namespace {

constexpr unsigned kClosed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// proc_loadavg(5): nothing waits, and one process of one runs: make -l and ninja -l go ahead
constexpr std::string_view kLoad = "0.00 0.00 0.00 1/1 1\n";
constexpr std::string_view kUptime = "0.00 0.00\n"; // proc_uptime(5)

/// proc_stat(5) of a machine that has just started, with the processors that the step may run on.
/// The kernel's own is not read: it adds up every interrupt of the machine for it.
std::string stat_of_processors()
{
    constexpr std::string_view kIdle = "0 0 0 0 0 0 0 0 0 0\n";
    std::array<cpu_set_t, 8> usable = {}; // 8192, the most that Linux can be built for
    if (::sched_getaffinity(0, sizeof usable, usable.data()) != 0)
        throw SysError(errno, "sched_getaffinity");
    std::string text = "cpu  " + std::string(kIdle);
    for (std::size_t number = 0; number < sizeof usable * 8; ++number)
        if (CPU_ISSET_S(number, sizeof usable, usable.data()))
            text.append("cpu" + std::to_string(number) + " ").append(kIdle);
    return text + "intr 0\nctxt 0\nbtime " + std::to_string(std::time(nullptr)) +
           "\nprocesses 1\nprocs_running 1\nprocs_blocked 0\nsoftirq 0\n";
}

/// proc_meminfo(5) with nothing in use.
std::string meminfo_of(std::uint64_t memory_bytes, std::uint64_t swap_bytes)
{
    std::string text;
    const auto add = [&text](std::string_view name, std::uint64_t bytes) {
        text.append(name).append(": ").append(std::to_string(bytes / 1024)).append(" kB\n");
    };
    for (const char* name : {"MemTotal", "MemFree", "MemAvailable"})
        add(name, memory_bytes);
    for (const char* name : {"Buffers", "Cached", "SwapCached"})
        add(name, 0);
    for (const char* name : {"SwapTotal", "SwapFree"})
        add(name, swap_bytes);
    return text;
}

UniqueFd make_file(int directory, const char* name)
{
    auto file = sys::create_file(directory, name, 0444);
    if (!file) throw Error(ErrorKind::kInternal, "the mount of the figures is not empty");
    return std::move(*file);
}

} // namespace

void lay_figures(CellSetup& setup)
{
    const UniqueFd figures = sys::make_file_system(
        "tmpfs", {{"size", "1m"}, {"nr_inodes", "16"}, {"mode", "0755"}}, kClosed);
    write_all(make_file(figures.get(), "loadavg").get(), kLoad);
    write_all(make_file(figures.get(), "uptime").get(), kUptime);
    write_all(make_file(figures.get(), "stat").get(), stat_of_processors());
    setup.memory = make_file(figures.get(), "meminfo");
    sys::move_mount(figures.get(), "", AT_FDCWD, kScratchPath, MOVE_MOUNT_F_EMPTY_PATH);
}

void state_memory(CellSetup& setup)
{
    struct sysinfo machine = {};
    if (::sysinfo(&machine) != 0) throw SysError(errno, "sysinfo");
    const Limits& limits = setup.plan.limits;
    write_all(setup.memory.get(),
              meminfo_of(std::min(limits.memory_bytes, machine.totalram * machine.mem_unit),
                         std::min(limits.swap_bytes, machine.totalswap * machine.mem_unit)));
    setup.memory.reset();
}

} // namespace caisson::sandbox

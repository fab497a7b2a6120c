// Resource limits (setrlimit(2)). The root of a user namespace may only lower a hard limit, so what
// the host already limits stays limited.
#include "sandbox/base/error.hh"
#include "sandbox/cell/describe.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>

namespace caisson::sandbox {
namespace {

constexpr rlim_t kMebibyte = 1U << 20;
/// A file that alone takes more disk than the step may have is the watcher's to find, which names
/// the limit; where it is late by so much, the kernel ends the file.
constexpr rlim_t kDiskToSpare = 512 * kMebibyte;

/// A limit that no policy changes.
struct Fixed {
    const char* name;
    __rlimit_resource resource;
    rlim_t value;
    const char* why;
};
constexpr Fixed kFixed[] = {
    {"RLIMIT_CORE",
     RLIMIT_CORE,
     1,
     "not 0: with a `|` core_pattern the kernel ignores 0 and runs the host's handler as root; 1 "
     "is the value at which it aborts the dump (fs/coredump.c)"},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, 8 * kMebibyte, "memory that cannot be swapped out"},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING, 4096, "kernel memory for queued signals"},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE, 0, "kernel memory for POSIX queues, which no build uses"},
    {"RLIMIT_NICE", RLIMIT_NICE, 0, "no priority above the one it starts with"},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO, 0, "no real-time priority"},
};

void lower(__rlimit_resource resource, rlim_t wanted)
{
    const rlim_t limit = std::min(wanted, sys::getrlimit(resource).rlim_max);
    sys::setrlimit(resource, {limit, limit});
}

/// Of one process: nobody counts the whole cell's. SIGXCPU at the limit, SIGKILL for who ignores
/// it.
void lower_cpu_time(std::chrono::seconds time)
{
    constexpr rlim_t kGrace = 2;
    const rlim_t most = sys::getrlimit(RLIMIT_CPU).rlim_max;
    const auto wanted = static_cast<rlim_t>(time.count());
    sys::setrlimit(RLIMIT_CPU, {std::min(wanted, most), std::min(wanted + kGrace, most)});
}

} // namespace

void set_limits(CellSetup& setup)
{
    const Limits& limits = setup.plan.limits;
    lower(RLIMIT_NPROC, setup.processes); // the whole cell's count was bounded when it was cloned
    lower(RLIMIT_FSIZE, std::min(limits.file_size_bytes, limits.disk_bytes + kDiskToSpare));
    lower(RLIMIT_NOFILE, limits.open_files);
    if (limits.address_space_bytes) lower(RLIMIT_AS, *limits.address_space_bytes);
    lower_cpu_time(limits.cpu_time);
    for (const Fixed& limit : kFixed)
        lower(limit.resource, limit.value);
    // the invoker's shell has no say in how deep a compiler can recurse
    const rlim_t most = sys::getrlimit(RLIMIT_STACK).rlim_max;
    sys::setrlimit(RLIMIT_STACK, {std::min(8 * kMebibyte, most), most});
}

std::vector<LimitNote> note_fixed_limits()
{
    std::vector<LimitNote> notes;
    for (const Fixed& limit : kFixed)
        notes.push_back({limit.name, limit.value, limit.why});
    return notes;
}

} // namespace caisson::sandbox

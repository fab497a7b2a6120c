// Things of which the kernel has a fixed number, or room, for the whole machine, and which no limit
// of a process bounds: a step that takes them leaves the host's own programs none. Each gives back
// at once what it took.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace caisson::probes {
namespace {

constexpr std::size_t kMostTerminals = 1024; // of 3072 that no instance is first served of
constexpr std::size_t kMostNames = 20'000;

/// As many descriptors as there may be.
void raise_descriptors()
{
    rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

Finding take_terminals()
{
    raise_descriptors();
    for (std::size_t taken = 0; taken < kMostTerminals; ++taken) {
        const long terminal =
            call(SYS_openat, AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
        if (terminal < 0)
            return refused_because("it ends at %zu terminals: %s",
                                   taken,
                                   ::strerrorname_np(static_cast<int>(-terminal)));
    }
    return open_because("%zu terminals", kMostTerminals);
}

/// Files without a byte: a kilobyte each of the kernel's own memory.
Finding take_names(const std::string& directory)
{
    std::size_t made = 0;
    long answer = 0;
    for (; made < kMostNames && answer >= 0; ++made) {
        const std::string name = directory + "/caisson-probe-" + std::to_string(made);
        answer = call(SYS_openat, AT_FDCWD, name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (answer >= 0) call(SYS_close, answer);
    }
    for (std::size_t index = 0; index < made; ++index)
        ::unlink((directory + "/caisson-probe-" + std::to_string(index)).c_str());
    if (answer >= 0) return open_because("%zu files in %s", kMostNames, directory.c_str());
    return refused_because(
        "it ends at %zu files: %s", made - 1, ::strerrorname_np(static_cast<int>(-answer)));
}

constexpr Attempt kAttempts[] = {
    {"shared.terminals",
     Severity::kShould,
     0,
     "no terminal is left for who logs in, or for other sandboxes (kernel.pty.max)",
     take_terminals},
    {"shared.names_in_dev_shm",
     Severity::kShould,
     0,
     "the kernel's memory, past the size of /dev/shm",
     [] { return take_names("/dev/shm"); }},
    {"shared.names_in_dev",
     Severity::kShould,
     0,
     "the same in /dev",
     [] { return take_names("/dev"); }},
};

} // namespace

std::span<const Attempt> shared_count_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

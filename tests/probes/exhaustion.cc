// Uses something up, to see whether anything stops it. Each takes a bounded amount, which is small
// on demand, and gives it back; a sandbox that holds ends the whole payload at some of these, so
// each runs by itself, when named.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace caisson::probes {
namespace {

constexpr std::size_t kMebibyte = 1U << 20U;
constexpr std::size_t kMemoryToSpare = 2048; // MiB that are left to the host

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): of the whole run
bool takes_little = false;

/// How much an attempt takes before it says that nothing stops it.
struct Amount {
    std::size_t usual = 0;
    std::size_t little = 0; ///< no harm to any host, and more than a cell under small limits gives

    [[nodiscard]] std::size_t wanted() const { return takes_little ? little : usual; }
};
constexpr Amount kMemory = {.usual = 4096, .little = 512};       // MiB
constexpr Amount kDisk = {.usual = 24UL * 1024, .little = 1024}; // MiB, allocated and not written
constexpr Amount kShared = {.usual = 2048, .little = 512};       // MiB
constexpr Amount kInDev = {.usual = 64, .little = 64};           // MiB
constexpr Amount kFiles = {.usual = 100'000, .little = 20'000};
constexpr Amount kProcesses = {.usual = 12'000, .little = 5000};

/// Less where the host has less: an attempt must not be what ends it. 0 where nothing can be
/// spared.
std::size_t memory_to_take()
{
    const std::size_t most = kMemory.wanted();
    const std::string text = content_of("/proc/meminfo");
    // who states figures of its own has to hold them
    const bool is_the_hosts = text.find("Dirty:") != std::string::npos;
    const std::size_t at = is_the_hosts ? text.find("MemAvailable:") : std::string::npos;
    if (at == std::string::npos) return most;
    const std::size_t available = std::strtoul(text.c_str() + at + 13, nullptr, 10) / 1024;
    return available < kMemoryToSpare ? 0 : std::min(most, available - kMemoryToSpare);
}

/// Who takes a disk away from others keeps it. What is taken at once and given back at once may
/// come and go between two looks of a watcher: that is the overshoot which docs/limits.md names.
void keep_it_for_a_while()
{
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
}

Finding too_small()
{
    return absent_because("the host has no memory to spare");
}

Finding ends_at(std::size_t amount, const char* unit, long error)
{
    return refused_because(
        "it ends at %zu %s: %s", amount, unit, ::strerrorname_np(static_cast<int>(error)));
}

void touch(char* memory)
{
    for (std::size_t at = 0; at < kMebibyte; at += 4096)
        memory[at] = 1;
}

Finding take_memory()
{
    const std::size_t most = memory_to_take();
    if (most == 0) return too_small();
    for (std::size_t taken = 0; taken < most; ++taken) {
        void* const memory =
            ::mmap(nullptr, kMebibyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return ends_at(taken, "MiB", errno);
        touch(static_cast<char*>(memory));
    }
    return open_because("%zu MiB of memory", most);
}

/// Memory of a file that has no name counts for no process.
Finding take_memory_of_file()
{
    const std::size_t most = memory_to_take();
    if (most == 0) return too_small();
    const long file = call(SYS_memfd_create, "caisson-probe", 0);
    if (file < 0) return judge(file, "memfd_create");
    for (std::size_t taken = 0; taken < most; ++taken) {
        const long answer = call(SYS_fallocate, file, 0, taken * kMebibyte, kMebibyte);
        if (answer < 0) return ends_at(taken, "MiB", -answer);
    }
    return open_because("%zu MiB of a file in memory", most);
}

/// Segments outlive the processes that made them.
Finding take_segments()
{
    const std::size_t most = memory_to_take();
    if (most == 0) return too_small();
    constexpr std::size_t kEach = 64; // MiB
    std::vector<int> segments;
    Finding found = open_because("%zu MiB of segments", most);
    for (std::size_t taken = 0; taken < most; taken += kEach) {
        const int segment = ::shmget(IPC_PRIVATE, kEach * kMebibyte, IPC_CREAT | 0600);
        void* const memory = segment < 0 ? MAP_FAILED : ::shmat(segment, nullptr, 0);
        if (segment >= 0) segments.push_back(segment);
        if (memory == MAP_FAILED) {
            found = ends_at(taken, "MiB", errno);
            break;
        }
        for (std::size_t part = 0; part < kEach; ++part)
            touch(static_cast<char*>(memory) + part * kMebibyte);
    }
    for (const int segment : segments)
        ::shmctl(segment, IPC_RMID, nullptr);
    return found;
}

Finding fill(const std::string& directory, std::size_t most, bool keep = false)
{
    constexpr std::size_t kFile = 64; // MiB: below any limit on a file's size
    Finding found = open_because("%zu MiB in %s", most, directory.c_str());
    std::vector<int> files;
    for (std::size_t taken = 0; taken < most; taken += kFile) {
        const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (file < 0) return judge(-errno, "open(O_TMPFILE)");
        files.push_back(file);
        const std::size_t now = std::min(kFile, most - taken);
        const long answer = call(SYS_fallocate, file, 0, 0, now * kMebibyte);
        if (answer >= 0) continue;
        found = ends_at(taken, "MiB", -answer);
        break;
    }
    if (keep && found.result == Result::kOpen) keep_it_for_a_while();
    for (const int file : files)
        ::close(file);
    return found;
}

Finding fill_disk()
{
    const std::string directory = make_scratch_directory();
    if (directory.empty()) return absent_because("there is no place for a file");
    return fill(directory, kDisk.wanted(), true);
}

Finding make_files()
{
    const std::string directory = make_scratch_directory();
    if (directory.empty()) return absent_because("there is no place for a file");
    const std::size_t most = kFiles.wanted();
    Finding found = open_because("%zu files", most);
    for (std::size_t made = 0; made < most; ++made) {
        const std::string name = directory + "/" + std::to_string(made);
        const long file =
            call(SYS_openat, AT_FDCWD, name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (file < 0) {
            found = ends_at(made, "files", -file);
            break;
        }
        call(SYS_close, file);
    }
    if (found.result == Result::kOpen) keep_it_for_a_while();
    return found;
}

int sleep_forever(void*)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true)
        ::pause();
}

Finding make_processes()
{
    // they share all memory and one stack, which none of them ever uses again
    static std::array<char, 65536> stack = {};
    const std::size_t most = kProcesses.wanted();
    Finding found = open_because("%zu processes", most);
    for (std::size_t made = 0; made < most; ++made) {
        const int child =
            ::clone(sleep_forever, stack.data() + stack.size(), CLONE_VM | CLONE_FILES, nullptr);
        if (child >= 0) continue;
        found = ends_at(made, "processes", errno);
        break;
    }
    return found;
}

constexpr Attempt kAttempts[] = {
    {"exhaust.memory", Severity::kShould, kAlone, "the host's memory", take_memory},
    {"exhaust.memory_of_file",
     Severity::kShould,
     kAlone,
     "the same by a file in memory",
     take_memory_of_file},
    {"exhaust.segments", Severity::kShould, kAlone, "the same by System V segments", take_segments},
    {"exhaust.shared_memory",
     Severity::kShould,
     kAlone,
     "the same by /dev/shm",
     [] { return fill("/dev/shm", kShared.wanted()); }},
    {"exhaust.device_directory",
     Severity::kShould,
     kAlone,
     "the same by a file in /dev",
     [] { return fill("/dev", kInDev.wanted()); }},
    {"exhaust.disk", Severity::kShould, kAlone, "the host's disk", fill_disk},
    {"exhaust.inodes", Severity::kShould, kAlone, "the host's inodes", make_files},
    {"exhaust.processes", Severity::kShould, kAlone, "a fork bomb", make_processes},
};

} // namespace

void take_little()
{
    takes_little = true;
}

std::span<const Attempt> exhaustion_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

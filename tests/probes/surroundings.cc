#include "tests/probes/surroundings.hh"

#include "tests/probes/bait.hh"
#include "tests/probes/kernel.hh"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): of the whole run
std::string scratch_root;
const pid_t kPayload = ::getpid(); // of the process that the sandbox started, before it forks
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

} // namespace

void mount_out_of_sight()
{
    if (call(SYS_unshare, CLONE_NEWNS) == 0)
        call(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

std::string content_of(const std::string& path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return "";
    std::string text;
    std::array<char, 4096> block = {};
    constexpr std::size_t kMost = 1U << 20;
    while (text.size() < kMost) {
        const ssize_t count = ::read(file, block.data(), block.size());
        if (count <= 0) break;
        text.append(block.data(), static_cast<std::size_t>(count));
    }
    ::close(file);
    return text;
}

Finding read_something(const char* path)
{
    const long file = call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return judge(file, path);
    // some entries are read in whole words only
    std::array<char, 64> bytes = {};
    const long count = call(SYS_read, file, bytes.data(), bytes.size());
    call(SYS_close, file);
    if (count > 0) return open_because("%s can be read", path);
    if (count == 0) return refused_because("%s is empty", path);
    // a log or an event queue in which nothing waits is open all the same
    if (count == -EAGAIN) return open_because("%s can be read, and is empty now", path);
    return judge(count, path);
}

Finding list_something(const char* path)
{
    DIR* const entries = ::opendir(path);
    if (entries == nullptr) return judge(-errno, path);
    int count = 0;
    while (const dirent* entry = ::readdir(entries)) // NOLINT(concurrency-mt-unsafe): one thread
        if (entry->d_name[0] != '.') ++count;
    ::closedir(entries);
    if (count == 0) return refused_because("%s is empty", path);
    return open_because("%s has %d entries", path, count);
}

Finding open_to_write(const char* path)
{
    const long file = call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return judge(file, path);
    struct stat entry = {};
    const bool is_seen = ::fstat(static_cast<int>(file), &entry) == 0;
    const int error = errno;
    call(SYS_close, file);
    // a filter that forbids to look does not forbid to write: who cannot tell has not been refused
    if (!is_seen)
        return open_because("%s can be opened to write; what it is, is not shown: %s",
                            path,
                            ::strerrorname_np(error));
    if (S_ISCHR(entry.st_mode) && entry.st_rdev == 0x103)
        return refused_because("%s is masked by /dev/null", path);
    return open_because("%s can be written", path);
}

Finding open_to_read(const char* path)
{
    const long file = call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0) call(SYS_close, file);
    return judge(file, path);
}

Finding look_at(const char* path)
{
    struct stat entry = {};
    if (::stat(path, &entry) == 0) return open_because("%s is there", path);
    return judge(-errno, path);
}

std::vector<int> outsiders()
{
    std::vector<int> pids;
    if (kPayload != 1) pids.push_back(1);
    if (bait() != nullptr) pids.push_back(bait()->pid);
    return pids;
}

std::vector<int> open_descriptors()
{
    constexpr int kMost = 1024;
    constexpr int kAtOnce = 128; // poll(2) takes no more than RLIMIT_NOFILE
    std::vector<int> open;
    for (int first = 3; first < kMost; first += kAtOnce) {
        std::array<pollfd, kAtOnce> asked = {};
        for (int index = 0; index < kAtOnce; ++index)
            asked[static_cast<std::size_t>(index)].fd = first + index;
        if (::poll(asked.data(), asked.size(), 0) < 0) break;
        for (const pollfd& each : asked)
            if ((each.revents & POLLNVAL) == 0) open.push_back(each.fd);
    }
    return open;
}

int open_scratch_file()
{
    for (const char* directory : {"/tmp", "/var/tmp", "/dev/shm", "/"}) {
        const int file = ::open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (file >= 0) return file;
    }
    return -1;
}

ScratchRoot::ScratchRoot()
{
    for (const char* parent : {"/tmp", "/var/tmp", "/dev/shm", ""}) {
        std::string path = std::string(parent) + "/caisson-probe-XXXXXX";
        if (::mkdtemp(path.data()) == nullptr) continue;
        ::chmod(path.c_str(), 0711); // other users run programs in it
        scratch_root = path;
        return;
    }
}

ScratchRoot::~ScratchRoot()
{
    if (scratch_root.empty()) return;
    constexpr int kMostOpen = 16;
    ::nftw(
        scratch_root.c_str(),
        [](const char* path, const struct stat*, int, struct FTW*) {
            (void)std::remove(path);
            return 0;
        },
        kMostOpen,
        FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    scratch_root.clear();
}

std::string make_scratch_directory()
{
    if (scratch_root.empty()) return "";
    std::string path = scratch_root + "/XXXXXX";
    return ::mkdtemp(path.data()) != nullptr ? path : "";
}

} // namespace caisson::probes

// What /proc tells by the way, in files that every build reads: paths of the host, its processes.
#include "tests/probes/areas.hh"
#include "tests/probes/bait.hh"
#include "tests/probes/surroundings.hh"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace caisson::probes {
namespace {

/// The fields of mountinfo that come from the host: the path of a bind mount within its file
/// system, the source, overlayfs's directories (bwrap#631).
Finding find_host_paths()
{
    const std::string table = content_of("/proc/self/mountinfo");
    if (table.empty()) return absent_because("/proc/self/mountinfo cannot be read");
    for (std::size_t at = 0; at < table.size();) {
        const std::size_t end = std::min(table.find('\n', at), table.size());
        const std::string line = table.substr(at, end - at);
        at = end + 1;
        std::array<char, 512> inner = {};
        std::array<char, 512> point = {};
        if (std::sscanf(line.c_str(), "%*s %*s %*s %511s %511s", inner.data(), point.data()) != 2)
            continue;
        const bool is_device = std::strncmp(point.data(), "/dev/", 5) == 0;
        const bool is_mask = std::strncmp(point.data(), "/proc/", 6) == 0;
        if (std::strlen(inner.data()) > 1 && !is_device && !is_mask)
            return open_because("%.60s is %.100s of its file system", point.data(), inner.data());
        const std::size_t lower = line.find("lowerdir=/");
        if (lower != std::string::npos) return open_because("%.120s", line.c_str() + lower);
        const std::size_t source = line.find(" - ");
        if (source != std::string::npos && line.find(" /dev/", source) != std::string::npos)
            return open_because("%.120s", line.c_str() + source);
    }
    return refused_because("no mount names a path of the host");
}

Finding find_propagation()
{
    const std::string table = content_of("/proc/self/mountinfo");
    if (table.empty()) return absent_because("/proc/self/mountinfo cannot be read");
    for (const char* mark : {" master:", " shared:", " propagate_from:"})
        if (table.find(mark) != std::string::npos) return open_because("a mount has%s", mark);
    return refused_because("every mount is private");
}

Finding find_cgroup_path()
{
    const std::string text = content_of("/proc/self/cgroup");
    if (text.empty()) return absent_because("/proc/self/cgroup cannot be read");
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        const std::size_t path = line.find(":/");
        if (path != std::string::npos && line.size() > path + 2)
            return open_because("%.120s", line.c_str());
    }
    // in the initial cgroup namespace the root is the host's too
    char space[64] = {};
    if (::readlink("/proc/self/ns/cgroup", space, sizeof space - 1) > 0 &&
        std::strstr(space, "4026531835") != nullptr)
        return open_because("the paths are the host's");
    return refused_because("every path is /");
}

/// Physical addresses, to root of the initial namespace only (pagemap(5): for Rowhammer's sake).
Finding translate_address()
{
    const int map = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (map < 0) return refused_because("/proc/self/pagemap cannot be opened");
    static volatile char here = 1;
    const auto page = reinterpret_cast<std::uintptr_t>(&here) / 4096;
    std::uint64_t entry = 0;
    const ssize_t count = ::pread(map, &entry, sizeof entry, static_cast<off_t>(page * 8));
    constexpr std::uint64_t kFrame = (1ULL << 55U) - 1;
    if (count == sizeof entry && (entry & kFrame) != 0)
        return open_because("the page's frame is known");
    return refused_because("the page's frame is hidden");
}

Finding count_strangers()
{
    DIR* const entries = ::opendir("/proc");
    if (entries == nullptr) return absent_because("/proc cannot be listed");
    int strangers = 0;
    while (const dirent* entry = ::readdir(entries)) { // NOLINT(concurrency-mt-unsafe): one thread
        const std::string name = entry->d_name;
        if (name.empty() || name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (bait() != nullptr && name == std::to_string(bait()->pid)) {
            ::closedir(entries);
            return open_because("the launcher is among the processes");
        }
        // kernel threads have no program: only the host's pid namespace has them
        char target[16] = {};
        if (content_of("/proc/" + name + "/stat").find("(kthreadd)") != std::string::npos ||
            (::readlink(("/proc/" + name + "/exe").c_str(), target, sizeof target) < 0 &&
             name == "2"))
            ++strangers;
    }
    ::closedir(entries);
    if (strangers != 0) return open_because("the host's processes are there");
    return refused_because("no stranger is there");
}

constexpr Attempt kAttempts[] = {
    {"proc.host_paths",
     Severity::kShould,
     kCheap,
     "paths of the host in mountinfo (bwrap#631)",
     find_host_paths},
    {"proc.propagation",
     Severity::kShould,
     kCheap,
     "mounts that spread in from the host",
     find_propagation},
    {"proc.cgroup_path",
     Severity::kShould,
     kCheap,
     "the cgroup's path on the host",
     find_cgroup_path},
    {"proc.translate_address",
     Severity::kMust,
     kCheap,
     "physical addresses, for Rowhammer",
     translate_address},
    {"proc.strangers", Severity::kMust, kCheap, "the host's processes", count_strangers},
};

} // namespace

std::span<const Attempt> proc_tell_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

// What the sandbox's launcher had open or knew, and handed on.
#include "tests/probes/areas.hh"
#include "tests/probes/bait.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char** environ; // NOLINT(readability-identifier-naming): POSIX

namespace caisson::probes {
namespace {

Finding find_descriptor(mode_t kind, const char* what)
{
    for (const int fd : open_descriptors()) {
        struct stat entry = {};
        if (::fstat(fd, &entry) == 0 && (entry.st_mode & S_IFMT) == kind)
            return open_because("descriptor %d is %s", fd, what);
    }
    return refused_because("no descriptor above 2 is %s", what);
}

Finding find_any_descriptor()
{
    for (const int fd : open_descriptors())
        return open_because("descriptor %d is open", fd);
    return refused_because("nothing is open but 0, 1 and 2");
}

/// A log *file* as standard output can be opened again for reading, and holds the lines of others.
Finding reopen_output()
{
    for (const char* path : {"/proc/self/fd/1", "/proc/self/fd/2"}) {
        struct stat entry = {};
        if (::stat(path, &entry) != 0 || !S_ISREG(entry.st_mode)) continue;
        const long file = call(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
        if (file >= 0) return open_because("%s is a file that opens again", path);
    }
    return refused_because("standard output is no file");
}

Finding output_is_socket()
{
    for (int fd = 0; fd < 3; ++fd) {
        struct stat entry = {};
        if (::fstat(fd, &entry) == 0 && S_ISSOCK(entry.st_mode))
            return open_because("descriptor %d is a socket: it passes descriptors", fd);
    }
    return refused_because("none of 0, 1 and 2 is a socket");
}

Finding find_variable()
{
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (std::strncmp(*entry, kLeakedVariable, std::strlen(kLeakedVariable)) == 0)
            return open_because("%.60s", *entry);
    if (bait() == nullptr) return absent_because("no bait was laid");
    return refused_because("the launcher's variable is not there");
}

/// The text that whoever started us wrote, in the arguments of the sandbox's own processes.
Finding find_token_in_arguments()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    for (const int pid : outsiders()) {
        const std::string path = "/proc/" + std::to_string(pid) + "/cmdline";
        if (!content_of(path).empty()) return open_because("%s can be read", path.c_str());
    }
    return refused_because("no outsider's arguments can be read");
}

Finding keep_unmapped_groups()
{
    std::array<gid_t, 256> groups = {};
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    constexpr gid_t kOverflow = 65534;
    for (int index = 0; index < count; ++index)
        if (groups[static_cast<std::size_t>(index)] == kOverflow)
            return open_because("a supplementary group of the host's is kept");
    // where nothing is mapped they have their own numbers
    const std::string map = content_of("/proc/self/gid_map");
    if (count > 0 && map.find("4294967295") != std::string::npos)
        return open_because("%d supplementary groups of the host's are kept", count);
    return refused_because("no group is kept that the map does not know");
}

Finding run_unfiltered()
{
    const std::string status = content_of("/proc/self/status");
    if (status.find("Seccomp:\t2") != std::string::npos)
        return refused_because("a filter is in place");
    if (status.find("Seccomp:\t0") == std::string::npos)
        return absent_because("/proc/self/status does not say");
    return open_because("every system call is there");
}

Finding gain_by_execution()
{
    const long value = call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    if (value == 1) return refused_because("no_new_privs is set");
    return value == 0 ? open_because("no_new_privs is not set") : judge(value, "prctl");
}

Finding share_launchers_session()
{
    const long session = call(SYS_getsid, 0);
    // the leader lies outside of this pid namespace: the kernel has no number for it
    if (session == 0) return open_because("the session is an outsider's");
    if (bait() != nullptr && session == bait()->pid)
        return open_because("the session is the launcher's");
    return refused_because("the session is the payload's own");
}

constexpr Attempt kAttempts[] = {
    {"inherited.any_descriptor",
     Severity::kShould,
     kCheap,
     "whatever the launcher had open",
     find_any_descriptor},
    {"inherited.socket",
     Severity::kMust,
     kCheap,
     "a socket of the launcher's: it talks to the host, and passes descriptors",
     [] { return find_descriptor(S_IFSOCK, "a socket"); }},
    {"inherited.output_file",
     Severity::kMust,
     kCheap,
     "the log as standard output, opened again: other builds' lines, and writable",
     reopen_output},
    {"inherited.output_socket",
     Severity::kShould,
     kCheap,
     "a socket as standard output takes descriptors in and out",
     output_is_socket},
    {"inherited.variable",
     Severity::kShould,
     kCheap,
     "the launcher's environment, secrets included",
     find_variable},
    {"inherited.arguments_of_outsider",
     Severity::kShould,
     kCheap,
     "how the sandbox was started (bwrap#503)",
     find_token_in_arguments},
    {"inherited.groups",
     Severity::kMust,
     kCheap,
     "supplementary groups: files of the group docker or disk (CVE-2022-2989)",
     keep_unmapped_groups},
    {"inherited.no_filter",
     Severity::kShould,
     kCheap,
     "the whole of the kernel's surface",
     run_unfiltered},
    {"inherited.gain_by_execution",
     Severity::kShould,
     kCheap,
     "setuid programs and file capabilities of the image work",
     gain_by_execution},
    {"inherited.session",
     Severity::kShould,
     kCheap,
     "the launcher's session: its terminal's signals and input",
     share_launchers_session},
};

} // namespace

std::span<const Attempt> inherited_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

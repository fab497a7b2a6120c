// What lies outside the root: by going up, by a descriptor, by a link of /proc, by a file handle.
#include "tests/probes/areas.hh"
#include "tests/probes/bait.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

bool is_same(const struct stat& one, const struct stat& other)
{
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// The way out of chroot(2): a descriptor of the old root is kept, and `..` followed from it. Where
/// the root is a mount's own, it ends at that root again.
Finding climb_out_of_chroot()
{
    const std::string jail = make_scratch_directory();
    struct stat root = {};
    if (jail.empty() || ::stat("/", &root) != 0) return absent_because("no directory for a jail");
    const int old_root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const long jailed = call(SYS_chroot, jail.c_str());
    Finding found = judge(jailed, "chroot");
    if (jailed == 0 && ::fchdir(old_root) == 0) {
        for (int level = 0; level < 64 && ::chdir("..") == 0; ++level) {
        }
        struct stat top = {};
        if (::stat(".", &top) == 0 && !is_same(root, top))
            found = open_because("another directory lies above the root");
        else if (bait() != nullptr && ::access(bait_file().substr(1).c_str(), F_OK) == 0)
            found = open_because("the bait lies in the directory above all");
        else
            found = refused_because("the way up ends at the root");
    }
    return found;
}

/// The same without a jail of its own: where the root is no mount's, it is a chroot.
Finding live_in_chroot()
{
    const std::string table = content_of("/proc/self/mountinfo");
    if (table.empty()) return absent_because("/proc/self/mountinfo cannot be read");
    for (std::size_t at = 0; at < table.size();) {
        const std::size_t end = std::min(table.find('\n', at), table.size());
        std::array<char, PATH_MAX> point = {};
        if (std::sscanf(table.c_str() + at, "%*s %*s %*s %*s %4095s", point.data()) == 1 &&
            std::strcmp(point.data(), "/") == 0)
            return refused_because("the root is a mount");
        at = end + 1;
    }
    return open_because("the root is no mount: it is a chroot");
}

Finding see_host_file()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    return open_to_read(bait_file().c_str());
}

/// `..` of / is /: more of them than any directory is deep.
constexpr const char* kToTheTop = "/../../../../../../../../../../../../../../../..";

Finding see_host_file_through(const char* link)
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    Finding last = absent_because("there is no outsider");
    for (const int pid : outsiders()) {
        const std::string path =
            "/proc/" + std::to_string(pid) + "/" + link + kToTheTop + bait_file();
        last = open_to_read(path.c_str());
        if (last.result == Result::kOpen) break;
    }
    return last;
}

Finding start_outside()
{
    char name[PATH_MAX] = {};
    const long length = call(SYS_getcwd, name, sizeof name);
    if (length < 0) return judge(length, "getcwd");
    // CVE-2024-21626: the kernel calls a place above the root so (getcwd(2))
    if (std::strncmp(name, "(unreachable)", 13) == 0)
        return open_because("the working directory lies outside the root");
    return refused_because("the working directory is %.100s", name);
}

/// "shocker" (Docker before 1.0): a handle of the file system's root is easily guessed.
Finding open_by_guessed_handle()
{
    struct {
        unsigned bytes = 8;
        int type = 1; // FILEID_INO32_GEN
        unsigned inode = 2;
        unsigned generation = 0;
    } handle;
    const int mount = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const long answer = call(SYS_open_by_handle_at, mount, &handle, O_RDONLY | O_CLOEXEC);
    // ESTALE: the check was passed, the guess was wrong for this file system
    return judge_asking(answer, "open_by_handle_at");
}

Finding ask_for_handle()
{
    struct {
        unsigned bytes = 120;
        int type = 0;
        unsigned char name[128] = {};
    } handle;
    int mount = 0;
    const long answer = call(SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &mount, 0);
    return answer == -EOPNOTSUPP || answer == -EOVERFLOW
               ? open_because("name_to_handle_at asks the file system")
               : judge(answer, "name_to_handle_at");
}

Finding ask_for_unique_mount()
{
    struct {
        unsigned bytes = 120;
        int type = 0;
        unsigned char name[128] = {};
    } handle;
    std::uint64_t mount = 0;
    constexpr int kMountUnique = 1; // AT_HANDLE_MNT_ID_UNIQUE, Linux 6.12
    const long answer = call(SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &mount, kMountUnique);
    return answer == -EOPNOTSUPP || answer == -EOVERFLOW
               ? open_because("name_to_handle_at asks the file system")
               : judge(answer, "name_to_handle_at");
}

Finding chdir_by_leaked_descriptor()
{
    struct stat root = {};
    if (::stat("/", &root) != 0) return absent_because("/ cannot be looked at");
    for (const int fd : open_descriptors()) {
        struct stat entry = {};
        if (::fstat(fd, &entry) != 0 || !S_ISDIR(entry.st_mode)) continue;
        if (::fchdir(fd) != 0) continue;
        char name[PATH_MAX] = {};
        const bool outside =
            call(SYS_getcwd, name, sizeof name) > 0 && std::strncmp(name, "(unreachable)", 13) == 0;
        if (outside || !is_same(root, entry) || fd == kLeakedDirectory)
            return open_because("descriptor %d is a directory: %.80s", fd, name);
    }
    return refused_because("no descriptor is a directory");
}

constexpr Attempt kAttempts[] = {
    {"root.climb_out_of_chroot",
     Severity::kMust,
     0,
     "where a chroot is the root, CAP_SYS_CHROOT leaves it",
     climb_out_of_chroot},
    {"root.live_in_chroot", Severity::kShould, kCheap, "the first half of that", live_in_chroot},
    {"root.see_host_file",
     Severity::kMust,
     kCheap,
     "a file of the host by its name",
     see_host_file},
    {"root.through_init_root",
     Severity::kMust,
     kCheap,
     "/proc/PID/root of an outsider (CVE-2019-5736's way in)",
     [] { return see_host_file_through("root"); }},
    {"root.through_init_cwd",
     Severity::kMust,
     kCheap,
     "/proc/PID/cwd of an outsider",
     [] { return see_host_file_through("cwd"); }},
    {"root.start_outside",
     Severity::kMust,
     kCheap,
     "a working directory outside the root (CVE-2024-21626)",
     start_outside},
    {"root.leaked_directory",
     Severity::kMust,
     kCheap,
     "a directory of the host among the descriptors (CVE-2016-9962, CVE-2024-21626)",
     chdir_by_leaked_descriptor},
    {"root.open_by_handle",
     Severity::kMust,
     kCheap,
     "any file of the file system by its number: CAP_DAC_READ_SEARCH (shocker)",
     open_by_guessed_handle},
    {"root.ask_for_handle",
     Severity::kShould,
     kCheap,
     "the number that goes with it",
     ask_for_handle},
    {"root.ask_for_unique_mount",
     Severity::kShould,
     kCheap,
     "the same with the mount's number, which statmount(2) takes",
     ask_for_unique_mount},
};

} // namespace

std::span<const Attempt> root_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

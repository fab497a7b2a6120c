// What a file can be made to be: more than a tree can hold, or than its remover can remove.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/fs.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

Finding set_attribute(const char* name, const char* value)
{
    const int file = open_scratch_file();
    if (file < 0) return absent_because("there is no place for a file");
    const long answer = call(SYS_fsetxattr, file, name, value, std::strlen(value), 0);
    return answer == -EOPNOTSUPP ? refused_because("setxattr: EOPNOTSUPP")
                                 : judge(answer, "setxattr");
}

Finding set_flag(long flag)
{
    const int file = open_scratch_file();
    if (file < 0) return absent_because("there is no place for a file");
    long flags = 0;
    call(SYS_ioctl, file, FS_IOC_GETFLAGS, &flags);
    flags |= flag;
    const long answer = call(SYS_ioctl, file, FS_IOC_SETFLAGS, &flags);
    flags &= ~flag;
    if (answer == 0) call(SYS_ioctl, file, FS_IOC_SETFLAGS, &flags);
    return answer == -ENOTTY || answer == -EOPNOTSUPP
               ? refused_because("ioctl(FS_IOC_SETFLAGS): not here")
               : judge(answer, "ioctl(FS_IOC_SETFLAGS)");
}

Finding set_project()
{
    const int file = open_scratch_file();
    if (file < 0) return absent_because("there is no place for a file");
    fsxattr attributes = {};
    call(SYS_ioctl, file, FS_IOC_FSGETXATTR, &attributes);
    const long answer = call(SYS_ioctl, file, FS_IOC_FSSETXATTR, &attributes);
    return answer == -ENOTTY || answer == -EOPNOTSUPP
               ? refused_because("ioctl(FS_IOC_FSSETXATTR): not here")
               : judge(answer, "ioctl(FS_IOC_FSSETXATTR)");
}

/// The same without ioctl: a filter on requests does not know it.
Finding set_flags_by_call()
{
    constexpr long kSetAttributes = 469; // file_setattr, Linux 6.17
    const int file = open_scratch_file();
    if (file < 0) return absent_because("there is no place for a file");
    constexpr int kEmptyPath = 0x1000;
    std::array<std::uint32_t, 6> attributes = {};
    const long answer =
        call(kSetAttributes, file, "", attributes.data(), sizeof attributes, kEmptyPath);
    return answer == -EOPNOTSUPP ? refused_because("file_setattr: EOPNOTSUPP")
                                 : judge_asking(answer, "file_setattr");
}

/// On /proc, which cannot be frozen: EOPNOTSUPP comes behind CAP_SYS_ADMIN.
Finding freeze()
{
    const int root = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return judge_asking(call(SYS_ioctl, root, FIFREEZE, 0), "ioctl(FIFREEZE)");
}

Finding thaw()
{
    const int root = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return judge_asking(call(SYS_ioctl, root, FITHAW, 0), "ioctl(FITHAW)");
}

Finding ask_driver(unsigned long request, const char* name)
{
    const int file = open_scratch_file();
    if (file < 0) return absent_because("there is no place for a file");
    const long answer = call(SYS_ioctl, file, request, nullptr);
    if (answer == -ENOTTY) return absent_because("%s: ENOTTY", name);
    if (answer == -EOPNOTSUPP) return absent_because("%s: EOPNOTSUPP", name);
    return judge_asking(answer, name);
}

Finding stir_entropy()
{
    constexpr unsigned long kAddToCount = 0x40045201; // RNDADDTOENTCNT: CAP_SYS_ADMIN
    const int device = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (device < 0) return absent_because("/dev/urandom is not there");
    const int nothing = 0;
    return judge(call(SYS_ioctl, device, kAddToCount, &nothing), "ioctl(RNDADDTOENTCNT)");
}

Finding leave_whiteout()
{
    const std::string directory = make_scratch_directory();
    if (directory.empty()) return absent_because("there is no place for a file");
    const std::string name = directory + "/a";
    const std::string other = directory + "/b";
    ::close(::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    const long answer =
        call(SYS_renameat2, AT_FDCWD, name.c_str(), AT_FDCWD, other.c_str(), RENAME_WHITEOUT);
    return answer == -EINVAL ? refused_because("renameat2: EINVAL") : judge(answer, "renameat2");
}

/// The options of every mount, by one that must be there; nodes of /dev need theirs.
Finding find_mount_without(const char* option, bool but_devices)
{
    const std::string table = content_of("/proc/self/mountinfo");
    if (table.empty()) return absent_because("/proc/self/mountinfo cannot be read");
    for (std::size_t at = 0; at < table.size();) {
        const std::size_t end = std::min(table.find('\n', at), table.size());
        std::array<char, 512> point = {};
        std::array<char, 512> options = {};
        const int read = std::sscanf(
            table.c_str() + at, "%*s %*s %*s %*s %511s %511s", point.data(), options.data());
        at = end + 1;
        const bool is_node = std::strncmp(point.data(), "/dev/", 5) == 0;
        if (read != 2 || (but_devices && is_node)) continue;
        if (but_devices && std::strncmp(point.data(), "/proc/", 6) == 0) continue; // masks
        if (("," + std::string(options.data()) + ",").find(option) == std::string::npos)
            return open_because("%.100s is mounted %.60s", point.data(), options.data());
    }
    return refused_because("every mount has%s", option);
}

constexpr unsigned long kEnableVerity = 0x40806685;
constexpr unsigned long kShutdown = 0x8004587d; // EXT4_IOC_SHUTDOWN

/// Of the file system below, whoever's it is.
Finding ask_for_room()
{
    struct statfs room = {};
    const long answer = call(SYS_statfs, "/", &room);
    if (answer < 0) return judge(answer, "statfs");
    if (room.f_bfree == 0) return refused_because("statfs(2) says that there is no room");
    return open_because("%llu of %llu blocks are free",
                        static_cast<unsigned long long>(room.f_bfree),
                        static_cast<unsigned long long>(room.f_blocks));
}

constexpr Attempt kAttempts[] = {
    {"file.ask_for_room",
     Severity::kShould,
     kCheap,
     "how full the host's disk is, and how fast it fills",
     ask_for_room},
    {"file.trusted_attribute",
     Severity::kMust,
     kCheap,
     "overlayfs's own marks, as root's mounts read them (CVE-2023-2640)",
     [] { return set_attribute("trusted.caisson", "x"); }},
    {"file.security_attribute",
     Severity::kShould,
     kCheap,
     "labels of a security module",
     [] { return set_attribute("security.caisson", "x"); }},
    {"file.immutable",
     Severity::kMust,
     kCheap,
     "CAP_LINUX_IMMUTABLE: a file that nobody can remove",
     [] { return set_flag(FS_IMMUTABLE_FL); }},
    {"file.append_only",
     Severity::kMust,
     kCheap,
     "the same",
     [] { return set_flag(FS_APPEND_FL); }},
    {"file.project", Severity::kShould, kCheap, "files that count for another quota", set_project},
    {"file.set_by_call",
     Severity::kShould,
     kCheap,
     "the same flags without ioctl (Linux 6.17)",
     set_flags_by_call},
    {"file.freeze", Severity::kMust, kCheap, "every writer of the file system waits", freeze},
    {"file.thaw", Severity::kMust, kCheap, "and goes on", thaw},
    {"file.enable_verity",
     Severity::kShould,
     kCheap,
     "a file that cannot be written again",
     [] { return ask_driver(kEnableVerity, "ioctl(FS_IOC_ENABLE_VERITY)"); }},
    {"file.shutdown",
     Severity::kMust,
     kCheap,
     "the file system, gone (ext4, xfs)",
     [] { return ask_driver(kShutdown, "ioctl(EXT4_IOC_SHUTDOWN)"); }},
    {"file.stir_entropy",
     Severity::kMust,
     kCheap,
     "CAP_SYS_ADMIN: the host's random numbers",
     stir_entropy},
    {"file.leave_whiteout", Severity::kShould, 0, "a whiteout by renameat2", leave_whiteout},
    {"file.mount_with_suid",
     Severity::kShould,
     kCheap,
     "a mount on which setuid works",
     [] { return find_mount_without(",nosuid,", false); }},
    {"file.mount_with_devices",
     Severity::kShould,
     kCheap,
     "a mount on which nodes open",
     [] { return find_mount_without(",nodev,", true); }},
};

} // namespace

std::span<const Attempt> file_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

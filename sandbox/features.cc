#include "sandbox/features.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/sys/process.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <linux/magic.h>
#include <sched.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

Cgroups probe_cgroups()
{
    struct statfs status = {};
    if (::statfs("/sys/fs/cgroup", &status) != 0) return Cgroups::kNone;
    if (status.f_type == CGROUP2_SUPER_MAGIC) return Cgroups::kV2;
    std::error_code ignored;
    return std::filesystem::exists("/sys/fs/cgroup/memory", ignored) ? Cgroups::kV1
                                                                     : Cgroups::kNone;
}

/// The switch's value, or nothing that matches where this kernel does not have it.
char sysctl(const char* path)
{
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return '\0';
    char value = '\0';
    if (::read(fd, &value, 1) != 1) value = '\0';
    ::close(fd);
    return value;
}

} // namespace

Features probe_features()
{
    return {.user_namespaces = user_namespaces_work(),
            .seccomp_filters = seccomp_filters_work(),
            .landlock_abi = landlock_abi(),
            .cgroups = probe_cgroups()};
}

bool trees_lie_in_memory(int trees)
{
    struct statfs status = {};
    if (::fstatfs(trees, &status) != 0) throw SysError(errno, "fstatfs");
    return status.f_type == OVERLAYFS_SUPER_MAGIC;
}

std::uint64_t host_memory_bytes()
{
    struct sysinfo host = {};
    if (::sysinfo(&host) != 0) throw SysError(errno, "sysinfo");
    return std::uint64_t{host.totalram} * host.mem_unit;
}

bool host_has_swap()
{
    // a line of headings, then one for each area
    const std::string swaps = read_file("/proc/swaps", 1U << 20);
    return std::count(swaps.begin(), swaps.end(), '\n') > 1;
}

bool host_has_huge_pages()
{
    std::error_code none;
    for (const auto& size : std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", none))
        for (const char* file : {"nr_hugepages", "nr_overcommit_hugepages"})
            if (read_file(size.path() / file, 4096) != "0\n") return true;
    return false;
}

bool user_namespaces_work()
{
    // the child of what may be a program with threads: nothing but system calls between the two
    const pid_t child = sys::fork();
    if (child == 0) ::_exit(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : 1);
    const auto ended = sys::wait4(child);
    return ended && ended->status == 0;
}

std::string user_namespace_hint()
{
    if (sysctl("/proc/sys/kernel/unprivileged_userns_clone") == '0')
        return "user namespaces are off: sysctl kernel.unprivileged_userns_clone=1";
    if (sysctl("/proc/sys/user/max_user_namespaces") == '0')
        return "user namespaces are off: sysctl user.max_user_namespaces=15000";
    if (sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == '1')
        return "AppArmor restricts user namespaces: give caisson-chamber a profile that allows "
               "userns, or sysctl kernel.apparmor_restrict_unprivileged_userns=0";
    return {};
}

} // namespace caisson::sandbox

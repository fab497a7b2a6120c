// Namespaces: a new one is root over kernel code that trusts its root, an old one is somebody
// else's.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

template<long flags>
Finding unshare()
{
    return judge(call(SYS_unshare, flags), "unshare");
}

/// Into a namespace of a process that is none of the payload's.
template<long flag>
Finding join(const char* kind)
{
    Finding last = absent_because("no outsider has a namespace that can be opened");
    for (const int pid : outsiders()) {
        const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + kind;
        const long space = call(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
        if (space < 0) {
            last = judge(space, path.c_str());
            continue;
        }
        // one's own user namespace is never to be joined (setns(2), EINVAL): opened it was
        const bool is_user = flag == CLONE_NEWUSER;
        last = is_user ? judge_asking(call(SYS_setns, space, flag), "setns")
                       : judge(call(SYS_setns, space, flag), "setns");
        if (last.result == Result::kOpen) break;
    }
    return last;
}

Finding join_by_pidfd()
{
    Finding last = absent_because("there is no outsider");
    for (const int pid : outsiders()) {
        const long pidfd = call(SYS_pidfd_open, pid, 0);
        last = pidfd < 0 ? judge(pidfd, "pidfd_open")
                         : judge(call(SYS_setns, pidfd, CLONE_NEWNET | CLONE_NEWUTS), "setns");
        if (last.result == Result::kOpen) break;
    }
    return last;
}

Finding join_own()
{
    const int space = ::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    if (space < 0) return absent_because("/proc/self/ns is not there");
    return judge(call(SYS_setns, space, CLONE_NEWUTS), "setns");
}

Finding ask_for_parent()
{
    const int space = ::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (space < 0) return absent_because("/proc/self/ns is not there");
    // the initial one has no parent, and says so with EPERM too: it is open in itself
    struct stat entry = {};
    constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC; // include/linux/proc_ns.h
    if (::fstat(space, &entry) == 0 && entry.st_ino == kInitialPidNamespace)
        return open_because("this is the host's own pid namespace");
    return judge(call(SYS_ioctl, space, NS_GET_PARENT), "ioctl(NS_GET_PARENT)");
}

/// The inode numbers are fixed in the kernel (include/linux/proc_ns.h).
Finding is_initial(const char* kind, ino_t number)
{
    struct stat entry = {};
    const std::string path = std::string("/proc/self/ns/") + kind;
    if (::stat(path.c_str(), &entry) != 0) return absent_because("%s is not there", path.c_str());
    if (entry.st_ino == number) return open_because("the %s namespace is the host's", kind);
    return refused_because("the %s namespace is another than the host's", kind);
}

Finding reopen_user_namespaces()
{
    return open_to_write("/proc/sys/user/max_user_namespaces");
}

/// What a nested user namespace is wanted for: nf_tables, with every capability over it.
Finding nest_for_nf_tables()
{
    const long made = call(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET);
    if (made < 0) return judge(made, "unshare");
    constexpr int kNetlink = 16;
    constexpr int kRaw = 3;
    constexpr int kNetfilter = 12;
    return judge(call(SYS_socket, kNetlink, kRaw, kNetfilter), "socket(NETLINK_NETFILTER)");
}

Finding nest_by_clone_for_mounts()
{
    const long made = call(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS);
    if (made < 0) return judge(made, "unshare");
    return judge(call(SYS_mount, "none", "/tmp", "tmpfs", 0, nullptr), "mount");
}

constexpr Attempt kAttempts[] = {
    {"ns.unshare_user",
     Severity::kMust,
     kCheap,
     "every capability over kernel code that trusts a namespace's root (CVE-2022-0185)",
     unshare<CLONE_NEWUSER>},
    {"ns.unshare_mount",
     Severity::kShould,
     kCheap,
     "a mount namespace in which masks come off",
     unshare<CLONE_NEWNS>},
    {"ns.unshare_pid", Severity::kShould, kCheap, "a pid namespace", unshare<CLONE_NEWPID>},
    {"ns.unshare_net",
     Severity::kShould,
     kCheap,
     "a network namespace in which the step is the administrator",
     unshare<CLONE_NEWNET>},
    {"ns.unshare_ipc", Severity::kShould, kCheap, "an IPC namespace", unshare<CLONE_NEWIPC>},
    {"ns.unshare_uts", Severity::kShould, kCheap, "a UTS namespace", unshare<CLONE_NEWUTS>},
    {"ns.unshare_cgroup",
     Severity::kShould,
     kCheap,
     "a cgroup namespace, the first step of CVE-2022-0492",
     unshare<CLONE_NEWCGROUP>},
    {"ns.unshare_time", Severity::kShould, kCheap, "a time namespace", unshare<CLONE_NEWTIME>},
    {"ns.user_then_nf_tables",
     Severity::kMust,
     kCheap,
     "nf_tables as root of a nested namespace (CVE-2024-1086 and its series)",
     nest_for_nf_tables},
    {"ns.user_then_mount",
     Severity::kMust,
     kCheap,
     "mounts as root of a nested namespace (CVE-2023-0386, CVE-2022-0185)",
     nest_by_clone_for_mounts},
    {"ns.reopen_user_namespaces",
     Severity::kMust,
     kCheap,
     "lift the bound on nested user namespaces",
     reopen_user_namespaces},
    {"ns.join_mount",
     Severity::kMust,
     kCheap,
     "into an outsider's mount namespace: the host's files",
     [] { return join<CLONE_NEWNS>("mnt"); }},
    {"ns.join_user",
     Severity::kMust,
     kCheap,
     "an outsider's user namespace",
     [] { return join<CLONE_NEWUSER>("user"); }},
    {"ns.join_pid",
     Severity::kMust,
     kCheap,
     "into an outsider's pid namespace",
     [] { return join<CLONE_NEWPID>("pid"); }},
    {"ns.join_net",
     Severity::kMust,
     kCheap,
     "into an outsider's network namespace",
     [] { return join<CLONE_NEWNET>("net"); }},
    {"ns.join_ipc",
     Severity::kMust,
     kCheap,
     "into an outsider's IPC namespace",
     [] { return join<CLONE_NEWIPC>("ipc"); }},
    {"ns.join_uts",
     Severity::kShould,
     kCheap,
     "into an outsider's UTS namespace",
     [] { return join<CLONE_NEWUTS>("uts"); }},
    {"ns.join_cgroup",
     Severity::kMust,
     kCheap,
     "into an outsider's cgroup namespace",
     [] { return join<CLONE_NEWCGROUP>("cgroup"); }},
    {"ns.join_by_pidfd",
     Severity::kMust,
     kCheap,
     "into an outsider's namespaces without /proc",
     join_by_pidfd},
    {"ns.join_own", Severity::kShould, kCheap, "setns(2) can be reached at all", join_own},
    {"ns.ask_for_parent",
     Severity::kMust,
     kCheap,
     "a descriptor of the pid namespace around this one",
     ask_for_parent},
    {"ns.host_user",
     Severity::kMust,
     kCheap,
     "in the initial user namespace a capability is the host's",
     [] { return is_initial("user", 0xEFFFFFFD); }},
    {"ns.host_pid",
     Severity::kMust,
     kCheap,
     "the host's processes",
     [] { return is_initial("pid", 0xEFFFFFFC); }},
    {"ns.host_ipc",
     Severity::kMust,
     kCheap,
     "the host's shared memory",
     [] { return is_initial("ipc", 0xEFFFFFFF); }},
    {"ns.host_uts",
     Severity::kShould,
     kCheap,
     "the host's name",
     [] { return is_initial("uts", 0xEFFFFFFE); }},
    {"ns.host_cgroup",
     Severity::kShould,
     kCheap,
     "the host's cgroup tree in /proc/self/cgroup",
     [] { return is_initial("cgroup", 0xEFFFFFFB); }},
};

} // namespace

std::span<const Attempt> namespace_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

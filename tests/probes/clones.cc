// Namespaces again, by the calls that make a process in them: a filter for unshare(2) that forgets
// clone(2) or clone3(2) has refused nothing.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <cerrno>
#include <csignal>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

Finding judge_child(long child, const char* name)
{
    if (child == 0) ::_exit(0);
    if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, __WALL);
    return judge(child, name);
}

template<long flags>
Finding clone()
{
    return judge_child(call(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0), "clone");
}

long make_clone3(clone_args wanted)
{
    wanted.exit_signal = SIGCHLD;
    return call(SYS_clone3, &wanted, sizeof wanted);
}

template<unsigned long flags>
Finding clone3()
{
    return judge_child(make_clone3({.flags = flags}), "clone3");
}

/// CAP_CHECKPOINT_RESTORE by effect: a process id of one's choice.
Finding choose_process_id()
{
    constexpr pid_t kWanted = 299; // low: ids of that size are given again only after a wrap
    const pid_t wanted = kWanted;
    const long child =
        make_clone3({.set_tid = reinterpret_cast<__u64>(&wanted), .set_tid_size = 1});
    if (child == 0) ::_exit(0);
    if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, __WALL);
    return child == -EEXIST ? open_because("clone3 with set_tid passes the check")
                            : judge(child, "clone3 with set_tid");
}

Finding clone_by_i386()
{
    constexpr long kClone = 120; // asm/unistd_32.h
    const long child = call_i386(kClone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) ::_exit(0);
    if (child > 0) ::waitpid(static_cast<pid_t>(child), nullptr, __WALL);
    return judge(child, "i386 clone");
}

Finding unshare_by_i386()
{
    constexpr long kUnshare = 310;
    return judge(call_i386(kUnshare, CLONE_NEWUSER), "i386 unshare");
}

Finding unshare_by_x32()
{
    return judge(call_x32(SYS_unshare, CLONE_NEWUSER), "x32 unshare");
}

/// The flags of clone(2) are compared by some filters in 64 bits: the kernel reads 32.
Finding clone_with_high_bits()
{
    constexpr long kHigh = 1L << 40;
    return judge_child(call(SYS_clone, kHigh | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), "clone");
}

constexpr Attempt kAttempts[] = {
    {"ns.clone_user",
     Severity::kMust,
     0,
     "a nested user namespace by clone(2)",
     clone<CLONE_NEWUSER>},
    {"ns.clone_mount", Severity::kShould, 0, "the same for mounts", clone<CLONE_NEWNS>},
    {"ns.clone_pid", Severity::kShould, 0, "the same for processes", clone<CLONE_NEWPID>},
    {"ns.clone_net", Severity::kShould, 0, "the same for the network", clone<CLONE_NEWNET>},
    {"ns.clone_ipc", Severity::kShould, 0, "the same for IPC", clone<CLONE_NEWIPC>},
    {"ns.clone_uts", Severity::kShould, 0, "the same for names", clone<CLONE_NEWUTS>},
    {"ns.clone_cgroup", Severity::kShould, 0, "the same for cgroups", clone<CLONE_NEWCGROUP>},
    {"ns.clone_user_high_bits",
     Severity::kMust,
     0,
     "past a filter that compares the flags in 64 bits",
     clone_with_high_bits},
    {"ns.clone3_user",
     Severity::kMust,
     0,
     "a nested user namespace by clone3(2), whose flags no filter can read",
     clone3<CLONE_NEWUSER>},
    {"ns.clone3_mount", Severity::kShould, 0, "the same for mounts", clone3<CLONE_NEWNS>},
    {"ns.clone3_net", Severity::kShould, 0, "the same for the network", clone3<CLONE_NEWNET>},
    {"ns.clone3_time", Severity::kShould, 0, "the same for clocks", clone3<CLONE_NEWTIME>},
    {"ns.clone3_plain",
     Severity::kShould,
     0,
     "clone3(2) is reachable, and with it flags that no filter can read",
     clone3<0>},
    {"ns.clone_user_i386",
     Severity::kMust,
     0,
     "a nested user namespace by the i386 table",
     clone_by_i386},
    {"ns.unshare_user_i386", Severity::kMust, 0, "the same by unshare(2)", unshare_by_i386},
    {"ns.unshare_user_x32", Severity::kMust, kCheap, "the same by the x32 table", unshare_by_x32},
    {"ns.choose_process_id",
     Severity::kShould,
     0,
     "CAP_CHECKPOINT_RESTORE: a process id that something outside waits for",
     choose_process_id},
};

} // namespace

std::span<const Attempt> clone_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

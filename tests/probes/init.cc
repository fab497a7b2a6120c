// The processes that are none of the payload's: pid 1 of the sandbox, and who started it. What can
// be read of them is the host's, and who can write to them is them.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

/// The best that an attempt gets of any outsider.
template<class Try>
Finding try_each(Try&& attempt)
{
    Finding last = absent_because("there is no outsider");
    for (const int pid : outsiders()) {
        last = attempt(pid);
        if (last.result == Result::kOpen) break;
    }
    return last;
}

std::string path_of(int pid, const char* name)
{
    return "/proc/" + std::to_string(pid) + "/" + name;
}

Finding open_entry(const char* name, int flags)
{
    return try_each([&](int pid) {
        const std::string path = path_of(pid, name);
        return judge(call(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC), path.c_str());
    });
}

Finding read_link(const char* name)
{
    return try_each([&](int pid) {
        const std::string path = path_of(pid, name);
        std::array<char, 256> target = {};
        return judge(call(SYS_readlink, path.c_str(), target.data(), target.size()), path.c_str());
    });
}

/// CVE-2019-5736: the program of the runner, opened through its process, is overwritten for the
/// next. Opened only; a program that runs cannot be written (ETXTBSY), which says that one was let
/// so far.
Finding open_program_to_write()
{
    return try_each([](int pid) {
        const std::string path = path_of(pid, "exe");
        const long file = call(SYS_openat, AT_FDCWD, path.c_str(), O_WRONLY | O_CLOEXEC);
        return file == -ETXTBSY ? open_because("%s: ETXTBSY", path.c_str())
                                : judge(file, path.c_str());
    });
}

template<long request>
Finding trace()
{
    return try_each([](int pid) {
        const long traced = call(SYS_ptrace, request, pid, 0, 0);
        if (traced == 0) {
            int status = 0;
            if (request == PTRACE_ATTACH) ::waitpid(pid, &status, __WALL);
            call(SYS_ptrace, PTRACE_DETACH, pid, 0, 0);
        }
        return judge(traced, "ptrace");
    });
}

Finding signal(int pid)
{
    return judge(call(SYS_kill, pid, 0), "kill");
}

Finding signal_thread(int pid)
{
    return judge(call(SYS_tgkill, pid, pid, 0), "tgkill");
}

Finding queue_signal(int pid)
{
    siginfo_t info = {};
    info.si_code = SI_QUEUE;
    return judge(call(SYS_rt_sigqueueinfo, pid, 0, &info), "rt_sigqueueinfo");
}

Finding signal_by_pidfd(int pid)
{
    const long pidfd = call(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) return judge(pidfd, "pidfd_open");
    return judge(call(SYS_pidfd_send_signal, pidfd, 0, nullptr, 0), "pidfd_send_signal");
}

Finding steal_descriptor(int pid)
{
    const long pidfd = call(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) return judge(pidfd, "pidfd_open");
    return judge(call(SYS_pidfd_getfd, pidfd, 0, 0), "pidfd_getfd");
}

Finding read_memory(int pid)
{
    char here = 0;
    const iovec local = {.iov_base = &here, .iov_len = 1};
    const iovec remote = {.iov_base = reinterpret_cast<void*>(0x400000), .iov_len = 1};
    const long count = call(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0);
    return count == -EFAULT ? open_because("process_vm_readv looks at the memory")
                            : judge(count, "process_vm_readv");
}

Finding write_memory(int pid)
{
    char here = 0;
    const iovec local = {.iov_base = &here, .iov_len = 1};
    // null is mapped nowhere: nothing is changed
    const iovec remote = {.iov_base = nullptr, .iov_len = 1};
    const long count = call(SYS_process_vm_writev, pid, &local, 1, &remote, 1, 0);
    return count == -EFAULT ? open_because("process_vm_writev looks at the memory")
                            : judge(count, "process_vm_writev");
}

Finding compare(int pid)
{
    constexpr int kFiles = 2; // KCMP_FILES
    return judge(call(SYS_kcmp, call(SYS_getpid), pid, kFiles, 0, 0), "kcmp");
}

Finding advise(int pid)
{
    const long pidfd = call(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) return judge(pidfd, "pidfd_open");
    constexpr int kCold = 20; // MADV_COLD
    const iovec none = {.iov_base = nullptr, .iov_len = 4096};
    const long answer = call(SYS_process_madvise, pidfd, &none, 1, kCold, 0);
    return answer == -ENOMEM ? open_because("process_madvise looks at the memory")
                             : judge(answer, "process_madvise");
}

Finding limit(int pid)
{
    rlimit64 limit = {};
    return judge(call(SYS_prlimit64, pid, RLIMIT_NOFILE, nullptr, &limit), "prlimit64");
}

Finding set_affinity(int pid)
{
    cpu_set_t processors;
    const long asked = call(SYS_sched_getaffinity, pid, sizeof processors, &processors);
    if (asked < 0) return judge(asked, "sched_getaffinity");
    return judge(call(SYS_sched_setaffinity, pid, asked, &processors), "sched_setaffinity");
}

Finding set_priority(int pid)
{
    // 20 less the nice value (getpriority(2), "C library/kernel differences"): set to what it is
    const long asked = call(SYS_getpriority, PRIO_PROCESS, pid);
    if (asked < 0) return judge(asked, "getpriority");
    return judge(call(SYS_setpriority, PRIO_PROCESS, pid, 20 - asked), "setpriority");
}

Finding set_scheduler(int pid)
{
    sched_param parameter = {};
    const long policy = call(SYS_sched_getscheduler, pid);
    if (policy < 0) return judge(policy, "sched_getscheduler");
    call(SYS_sched_getparam, pid, &parameter);
    return judge(call(SYS_sched_setscheduler, pid, policy, &parameter), "sched_setscheduler");
}

Finding set_io_priority(int pid)
{
    constexpr int kProcess = 1;
    const long asked = call(SYS_ioprio_get, kProcess, pid);
    if (asked < 0) return judge(asked, "ioprio_get");
    return judge(call(SYS_ioprio_set, kProcess, pid, asked), "ioprio_set");
}

Finding move_pages_of(int pid)
{
    return judge(call(SYS_move_pages, pid, 0, nullptr, nullptr, nullptr, 0), "move_pages");
}

Finding find_robust_list(int pid)
{
    void* list = nullptr;
    std::size_t size = 0;
    return judge(call(SYS_get_robust_list, pid, &list, &size), "get_robust_list");
}

constexpr Attempt kAttempts[] = {
    {"init.status",
     Severity::kShould,
     kCheap,
     "that it is there, and as whom",
     [] { return open_entry("status", O_RDONLY); }},
    {"init.environ",
     Severity::kMust,
     kCheap,
     "its environment (bwrap#725)",
     [] { return open_entry("environ", O_RDONLY); }},
    {"init.maps",
     Severity::kMust,
     kCheap,
     "where its memory lies",
     [] { return open_entry("maps", O_RDONLY); }},
    {"init.mem_read",
     Severity::kMust,
     kCheap,
     "its memory",
     [] { return open_entry("mem", O_RDONLY); }},
    {"init.mem_write",
     Severity::kMust,
     kCheap,
     "its memory, for writing",
     [] { return open_entry("mem", O_RDWR); }},
    {"init.auxv",
     Severity::kShould,
     kCheap,
     "where its program and stack lie",
     [] { return open_entry("auxv", O_RDONLY); }},
    {"init.fd",
     Severity::kMust,
     kCheap,
     "its descriptors",
     [] { return open_entry("fd", O_RDONLY | O_DIRECTORY); }},
    {"init.task",
     Severity::kShould,
     kCheap,
     "its threads",
     [] { return open_entry("task", O_RDONLY | O_DIRECTORY); }},
    {"init.exe", Severity::kMust, kCheap, "its program's path", [] { return read_link("exe"); }},
    {"init.exe_write",
     Severity::kMust,
     kCheap,
     "its program, for writing: the next build runs it (CVE-2019-5736)",
     open_program_to_write},
    {"init.cwd", Severity::kMust, kCheap, "its working directory", [] { return read_link("cwd"); }},
    {"init.root", Severity::kMust, kCheap, "its root", [] { return read_link("root"); }},
    {"init.namespaces",
     Severity::kMust,
     kCheap,
     "its namespaces",
     [] { return read_link("ns/mnt"); }},
    {"init.stack",
     Severity::kShould,
     kCheap,
     "where in the kernel it waits",
     [] { return open_entry("stack", O_RDONLY); }},
    {"init.syscall",
     Severity::kShould,
     kCheap,
     "the call it is in, its arguments",
     [] { return open_entry("syscall", O_RDONLY); }},
    {"init.oom_score_adj",
     Severity::kMust,
     kCheap,
     "who is killed for want of memory",
     [] { return open_entry("oom_score_adj", O_WRONLY); }},
    {"init.clear_refs",
     Severity::kShould,
     kCheap,
     "which of its pages it uses",
     [] { return open_entry("clear_refs", O_WRONLY); }},
    {"init.seize", Severity::kMust, kCheap, "trace it", trace<PTRACE_SEIZE>},
    {"init.signal", Severity::kMust, kCheap, "end it", [] { return try_each(signal); }},
    {"init.signal_thread",
     Severity::kMust,
     kCheap,
     "the same by tgkill",
     [] { return try_each(signal_thread); }},
    {"init.queue_signal",
     Severity::kMust,
     kCheap,
     "the same by rt_sigqueueinfo",
     [] { return try_each(queue_signal); }},
    {"init.signal_by_pidfd",
     Severity::kMust,
     kCheap,
     "the same by pidfd_send_signal",
     [] { return try_each(signal_by_pidfd); }},
    {"init.steal_descriptor",
     Severity::kMust,
     kCheap,
     "its descriptors by pidfd_getfd",
     [] { return try_each(steal_descriptor); }},
    {"init.read_memory",
     Severity::kMust,
     kCheap,
     "its memory by process_vm_readv",
     [] { return try_each(read_memory); }},
    {"init.write_memory",
     Severity::kMust,
     kCheap,
     "the same, for writing",
     [] { return try_each(write_memory); }},
    {"init.compare",
     Severity::kShould,
     kCheap,
     "kernel pointers compared by kcmp",
     [] { return try_each(compare); }},
    {"init.advise",
     Severity::kMust,
     kCheap,
     "throw its pages out",
     [] { return try_each(advise); }},
    {"init.limit", Severity::kShould, kCheap, "its limits", [] { return try_each(limit); }},
    {"init.set_affinity",
     Severity::kShould,
     kCheap,
     "which processors it runs on",
     [] { return try_each(set_affinity); }},
    {"init.set_priority",
     Severity::kShould,
     kCheap,
     "how nice it is",
     [] { return try_each(set_priority); }},
    {"init.set_scheduler",
     Severity::kShould,
     kCheap,
     "how it is scheduled",
     [] { return try_each(set_scheduler); }},
    {"init.set_io_priority",
     Severity::kShould,
     kCheap,
     "how its reads are scheduled",
     [] { return try_each(set_io_priority); }},
    {"init.move_pages",
     Severity::kShould,
     kCheap,
     "where its memory lies",
     [] { return try_each(move_pages_of); }},
    {"init.robust_list",
     Severity::kShould,
     kCheap,
     "an address of its memory",
     [] { return try_each(find_robust_list); }},
};

} // namespace

std::span<const Attempt> init_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

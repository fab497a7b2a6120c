// More rights by executing a program, and capabilities beyond a build's eleven, each by what it
// lets one do.
#include "tests/probes/areas.hh"
#include "tests/probes/gained.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <linux/capability.h>
#include <string>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

constexpr unsigned kNobody = 1234; // any user but root

/// A copy of this program in a directory that everybody can enter; "" where there is none.
std::string copy_program(const std::string& directory)
{
    if (directory.empty() || ::chmod(directory.c_str(), 0755) != 0) return "";
    std::string copy = directory + "/program";
    const int from = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const int into = ::open(copy.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    if (from < 0 || into < 0) return "";
    std::array<char, 65536> block = {};
    ssize_t count = 0;
    while ((count = ::read(from, block.data(), block.size())) > 0)
        if (::write(into, block.data(), static_cast<std::size_t>(count)) != count) return "";
    ::fchmod(into, 0755);
    ::close(from);
    ::close(into);
    return copy;
}

/// Runs the copy as somebody who has nothing: what it then has, it gained.
Finding gain_from(const std::string& program)
{
    const pid_t child = ::fork();
    if (child == 0) {
        if (call(SYS_setresgid, kNobody, kNobody, kNobody) < 0 ||
            call(SYS_setresuid, kNobody, kNobody, kNobody) < 0)
            ::_exit(kCannotTell);
        ::execl(program.c_str(), program.c_str(), kSayWhatIsGained, nullptr);
        ::_exit(kCannotTell);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return absent_because("the program did not run");
    switch (WEXITSTATUS(status)) {
    case kGainedRoot:
        return open_because("the program runs as root");
    case kGainedCapabilities:
        return open_because("the program has capabilities");
    case kGainedNothing:
        return refused_because("the program gains nothing");
    default:
        return absent_because("this user cannot become another");
    }
}

Finding run_setuid_program()
{
    const std::string directory = make_scratch_directory();
    const std::string program = copy_program(directory);
    Finding found = absent_because("there is no place for a program");
    if (!program.empty()) {
        const long marked = call(SYS_chmod, program.c_str(), 04755);
        found = marked < 0 ? judge(marked, "chmod") : gain_from(program);
    }
    return found;
}

Finding run_capable_program()
{
    const std::string directory = make_scratch_directory();
    const std::string program = copy_program(directory);
    Finding found = absent_because("there is no place for a program");
    if (!program.empty()) {
        const std::array<std::uint32_t, 5> all = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                                  1U << CAP_CHOWN | 1U << CAP_SETUID,
                                                  0,
                                                  0,
                                                  0};
        const long marked =
            call(SYS_setxattr, program.c_str(), "security.capability", all.data(), sizeof all, 0);
        found = marked < 0 ? judge(marked, "setxattr") : gain_from(program);
    }
    return found;
}

/// CAP_IPC_LOCK: past a limit that one lowered oneself.
Finding lock_memory()
{
    const rlimit64 none = {.rlim_cur = 0, .rlim_max = 0};
    if (call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &none, nullptr) < 0)
        return absent_because("there is no limit to get past: none can be set");
    static std::array<char, 8192> page = {};
    return judge(call(SYS_mlock, page.data(), page.size()), "mlock");
}

/// CAP_IPC_OWNER: a segment that gives its owner nothing.
Finding attach_closed_segment()
{
    const long segment = call(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT);
    if (segment < 0) return judge(segment, "shmget");
    const long answer = call(SYS_shmat, segment, nullptr, 0);
    call(SYS_shmctl, segment, IPC_RMID, nullptr);
    // an address: above 2^63 it never is
    return judge(answer, "shmat");
}

/// CAP_SYS_PTRACE: the memory of a process that does not want it read.
Finding read_closed_process()
{
    std::array<int, 2> ready = {-1, -1};
    if (call(SYS_pipe2, ready.data(), O_CLOEXEC) < 0) return absent_because("no pipe");
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::prctl(PR_SET_DUMPABLE, 0) == 0 && ::write(ready[1], "r", 1) == 1)
            while (true)
                ::pause();
        ::_exit(1);
    }
    char byte = 0;
    ::close(ready[1]); // or a child that ends without a word would be waited for
    if (child < 0 || ::read(ready[0], &byte, 1) != 1)
        return absent_because("no child that closes itself");
    const std::string path = "/proc/" + std::to_string(child) + "/mem";
    const Finding found = open_to_read(path.c_str());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return found;
}

/// CAP_LEASE: who opens another's file waits for us.
Finding lease_others_file()
{
    const int file = open_scratch_file();
    if (file < 0) return absent_because("there is no place for a file");
    if (call(SYS_fchown, file, kNobody, kNobody) < 0)
        return absent_because("this user cannot give a file away");
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    const long reader = call(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
    call(SYS_close, file);
    if (reader < 0) return judge(reader, "open");
    return judge(call(SYS_fcntl, reader, F_SETLEASE, F_RDLCK), "fcntl(F_SETLEASE)");
}

Finding wake_machine()
{
    constexpr int kRealtimeAlarm = 8;
    const long timer = call(SYS_timerfd_create, kRealtimeAlarm, 0);
    return judge(timer, "timerfd_create(CLOCK_REALTIME_ALARM)");
}

/// CAP_BLOCK_SUSPEND: the kernel drops the flag without it, and says so in fdinfo.
Finding keep_awake()
{
    std::array<int, 2> ends = {-1, -1};
    const long set = call(SYS_epoll_create1, EPOLL_CLOEXEC);
    if (set < 0 || call(SYS_pipe2, ends.data(), O_CLOEXEC) < 0)
        return absent_because("no event set");
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLWAKEUP;
    call(SYS_epoll_ctl, set, EPOLL_CTL_ADD, ends[0], &event);
    const std::string information = content_of("/proc/self/fdinfo/" + std::to_string(set));
    const std::size_t at = information.find("events:");
    if (at == std::string::npos) return absent_because("fdinfo does not say");
    const unsigned long kept = std::strtoul(information.c_str() + at + 7, nullptr, 16);
    if ((kept & EPOLLWAKEUP) != 0) return open_because("the machine cannot sleep");
    return refused_because("the flag is dropped");
}

constexpr Attempt kAttempts[] = {
    {"gain.setuid_program",
     Severity::kShould,
     0,
     "a setuid program of the step's own (CVE-2023-0386, CVE-2021-3493 end in one)",
     run_setuid_program},
    {"gain.capable_program",
     Severity::kShould,
     0,
     "the same by file capabilities",
     run_capable_program},
    {"cap.ipc_lock",
     Severity::kMust,
     0,
     "CAP_IPC_LOCK: memory that cannot be reclaimed",
     lock_memory},
    {"cap.ipc_owner",
     Severity::kMust,
     0,
     "CAP_IPC_OWNER: other people's segments",
     attach_closed_segment},
    {"cap.sys_ptrace",
     Severity::kMust,
     0,
     "CAP_SYS_PTRACE: processes that do not want to be read",
     read_closed_process},
    {"cap.lease", Severity::kMust, 0, "CAP_LEASE: hold up who opens a file", lease_others_file},
    {"cap.wake_alarm", Severity::kMust, 0, "CAP_WAKE_ALARM: wake the host", wake_machine},
    {"cap.block_suspend", Severity::kMust, 0, "CAP_BLOCK_SUSPEND: keep the host awake", keep_awake},
};

} // namespace

std::span<const Attempt> gain_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

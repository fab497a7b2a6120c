// What the payload's processes can do to each other and to themselves by calls that no build needs:
// each is kernel surface, and most were somebody's way in.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <array>
#include <asm/ldt.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

/// Runs `attempt` with the pid of a child that waits for its end.
template<class Try>
Finding with_child(Try&& attempt)
{
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (true)
            ::pause();
    }
    if (child < 0) return absent_because("fork: %d", errno);
    const Finding found = attempt(child);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return found;
}

Finding trace_child()
{
    return with_child(
        [](pid_t child) { return judge(call(SYS_ptrace, PTRACE_SEIZE, child, 0, 0), "ptrace"); });
}

Finding read_child()
{
    return with_child([](pid_t child) {
        static char byte = 1;
        char here = 0;
        const iovec local = {.iov_base = &here, .iov_len = 1};
        const iovec remote = {.iov_base = &byte, .iov_len = 1};
        return judge(call(SYS_process_vm_readv, child, &local, 1, &remote, 1, 0),
                     "process_vm_readv");
    });
}

Finding write_child()
{
    return with_child([](pid_t child) {
        static char byte = 1;
        const iovec both = {.iov_base = &byte, .iov_len = 1};
        return judge(call(SYS_process_vm_writev, child, &both, 1, &both, 1, 0),
                     "process_vm_writev");
    });
}

Finding take_childs_descriptor()
{
    return with_child([](pid_t child) {
        const long pidfd = call(SYS_pidfd_open, child, 0);
        if (pidfd < 0) return judge(pidfd, "pidfd_open");
        return judge(call(SYS_pidfd_getfd, pidfd, 1, 0), "pidfd_getfd");
    });
}

Finding compare_with_child()
{
    return with_child([](pid_t child) {
        constexpr int kVirtualMemory = 1;
        return judge(call(SYS_kcmp, call(SYS_getpid), child, kVirtualMemory, 0, 0), "kcmp");
    });
}

Finding advise_child()
{
    return with_child([](pid_t child) {
        alignas(4096) static std::array<char, 4096> page = {};
        const iovec range = {.iov_base = page.data(), .iov_len = page.size()};
        constexpr int kCold = 20;
        const long pidfd = call(SYS_pidfd_open, child, 0);
        if (pidfd < 0) return judge(pidfd, "pidfd_open");
        return judge(call(SYS_process_madvise, pidfd, &range, 1, kCold, 0), "process_madvise");
    });
}

template<unsigned long persona>
Finding take_on()
{
    return judge(call(SYS_personality, persona), "personality");
}

Finding take_on_by_i386()
{
    constexpr long kPersonality = 136;
    return judge(call_i386(kPersonality, ADDR_NO_RANDOMIZE), "i386 personality");
}

Finding write_descriptor_table()
{
    user_desc entry = {};
    entry.seg_32bit = 1;
    entry.limit = 0xfffff;
    entry.limit_in_pages = 1;
    return judge(call(SYS_modify_ldt, 1, &entry, sizeof entry), "modify_ldt");
}

Finding read_descriptor_table()
{
    std::array<char, 64> table = {};
    return judge(call(SYS_modify_ldt, 0, table.data(), table.size()), "modify_ldt");
}

Finding listen_to_filter()
{
    sock_filter allow = {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = SECCOMP_RET_ALLOW};
    const sock_fprog program = {.len = 1, .filter = &allow};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return judge(
        call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program),
        "seccomp(NEW_LISTENER)");
}

Finding call_i386_getpid()
{
    constexpr long kGetpid = 20;
    return judge(call_i386(kGetpid), "i386 getpid");
}

Finding call_x32_getpid()
{
    return judge(call_x32(SYS_getpid), "x32 getpid");
}

Finding make_secret_memory()
{
    return judge(call(SYS_memfd_secret, 0), "memfd_secret");
}

constexpr Attempt kAttempts[] = {
    {"process.trace_child",
     Severity::kShould,
     0,
     "ptrace: its holes are many (CVE-2019-13272)",
     trace_child},
    {"process.read_child", Severity::kShould, 0, "process_vm_readv", read_child},
    {"process.write_child", Severity::kShould, 0, "process_vm_writev", write_child},
    {"process.take_descriptor",
     Severity::kShould,
     0,
     "pidfd_getfd: descriptors without asking",
     take_childs_descriptor},
    {"process.compare",
     Severity::kShould,
     0,
     "kcmp: an oracle for kernel pointers",
     compare_with_child},
    {"process.advise", Severity::kShould, 0, "process_madvise", advise_child},
    {"process.no_random_addresses",
     Severity::kShould,
     kCheap,
     "a setuid program, or the next, at known addresses",
     take_on<ADDR_NO_RANDOMIZE>},
    {"process.no_random_addresses_i386",
     Severity::kShould,
     0,
     "the same by the i386 table",
     take_on_by_i386},
    {"process.read_implies_exec",
     Severity::kShould,
     kCheap,
     "all memory can be executed",
     take_on<READ_IMPLIES_EXEC>},
    {"process.map_page_zero",
     Severity::kShould,
     kCheap,
     "null pointers of the kernel point somewhere",
     take_on<MMAP_PAGE_ZERO>},
    {"process.bsd_personality", Severity::kShould, kCheap, "other personalities", take_on<PER_BSD>},
    {"process.write_ldt",
     Severity::kShould,
     kCheap,
     "modify_ldt (CVE-2015-5157, CVE-2017-17053)",
     write_descriptor_table},
    {"process.read_ldt", Severity::kShould, kCheap, "the same, reading", read_descriptor_table},
    {"process.seccomp_listener",
     Severity::kShould,
     kCheap,
     "a filter whose answers somebody else gives",
     listen_to_filter},
    {"process.i386_calls",
     Severity::kShould,
     kCheap,
     "the i386 table: a second kernel surface, and a way around a filter",
     call_i386_getpid},
    {"process.x32_calls", Severity::kShould, kCheap, "the x32 table", call_x32_getpid},
    {"process.secret_memory",
     Severity::kShould,
     kCheap,
     "memory that no limit but RLIMIT_MEMLOCK counts",
     make_secret_memory},
};

} // namespace

std::span<const Attempt> process_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

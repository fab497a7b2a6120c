// What the signer takes from itself. It parses a statement that a hostile build may have shaped
// (its labels, its arguments), with the key in the same memory: so an error in that parser must
// find nothing to reach out with. Raw system calls: libseccomp takes ten milliseconds to build a
// filter, and this one is thirty instructions that change with nothing.

#include "attest/signer/confine.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/unique_fd.hh"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace caisson::attest {
namespace {

void set(int option, unsigned long value, const char* call)
{
    if (::prctl(option, value, 0UL, 0UL, 0UL) != 0) throw SysError(errno, call);
}

/// struct landlock_ruleset_attr as of Landlock ABI 6; Debian 12's header knows ABI 2. An older
/// kernel takes it as long as what it does not know is 0 (landlock_create_ruleset(2), E2BIG).
struct Ruleset {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
};

/// Every right that the ABI knows is handled and none is granted: all are denied.
constexpr Ruleset deny_everything(long abi) noexcept
{
    constexpr auto lowest = [](unsigned count) { return (std::uint64_t{1} << count) - 1; };
    return {.handled_access_fs = lowest(abi >= 5   ? 16
                                        : abi >= 3 ? 15
                                        : abi >= 2 ? 14
                                                   : 13),
            .handled_access_net = lowest(abi >= 4 ? 2 : 0),
            .scoped = lowest(abi >= 6 ? 2 : 0)};
}

void restrict_files()
{
    const long abi =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
        return; // not built in, or switched off
    if (abi < 0) throw SysError(errno, "landlock_create_ruleset");
    const Ruleset rules = deny_everything(abi);
    const UniqueFd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
    if (!ruleset) throw SysError(errno, "landlock_create_ruleset");
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        throw SysError(errno, "landlock_restrict_self");
}

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name the audit architecture of this machine"
#endif

/// All that is left: talking over the open socket, the open list, memory, time, and the end.
constexpr std::array kAllowed = {
    SYS_recvmsg,    SYS_recvfrom,     SYS_sendmsg,       // the socket
    SYS_read,       SYS_write,        SYS_close,         // the statement, the list, an error's line
    SYS_lseek,      SYS_flock,                           // the list
    SYS_brk,        SYS_munmap,       SYS_mremap,        // malloc (mmap: see below)
    SYS_madvise,    SYS_futex,        SYS_getrandom,     // malloc; locks; OpenSSL's nonces
    SYS_getpid,     SYS_gettid,       SYS_clock_gettime, // OpenSSL reseeds by them
    SYS_tgkill,     SYS_rt_sigaction, SYS_rt_sigprocmask, // abort(3)
    SYS_exit_group, SYS_exit,         SYS_rt_sigreturn,
};

constexpr sock_filter statement(unsigned code, std::uint32_t value)
{
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}
constexpr sock_filter jump(unsigned code, std::uint32_t value, std::size_t yes, std::size_t no)
{
    return {static_cast<std::uint16_t>(code),
            static_cast<std::uint8_t>(yes),
            static_cast<std::uint8_t>(no),
            value};
}
constexpr sock_filter load(std::size_t offset)
{
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

std::vector<sock_filter> filter_program()
{
    constexpr auto kEqual = BPF_JMP | BPF_JEQ | BPF_K;
    // the low half of mmap's third argument, on a little-endian machine
    constexpr std::size_t kProtection = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
    std::vector<sock_filter> program = {
        // numbers mean other calls on another architecture (i386 through int 0x80)
        load(offsetof(seccomp_data, arch)),
        jump(kEqual, kArchitecture, 1, 0),
        statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        load(offsetof(seccomp_data, nr)),
        jump(kEqual, SYS_mmap, 0, 4),
        load(kProtection),
        jump(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
        statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    for (std::size_t index = 0; index < kAllowed.size(); ++index)
        program.push_back(
            jump(kEqual, static_cast<std::uint32_t>(kAllowed[index]), kAllowed.size() - index, 0));
    program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return program;
}

void filter_calls()
{
    std::vector<sock_filter> program = filter_program();
    const sock_fprog filter = {.len = static_cast<unsigned short>(program.size()),
                               .filter = program.data()};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
        throw SysError(errno, "seccomp");
}

} // namespace

void close_memory()
{
    in_context("close the signer's memory", [] {
        set(PR_SET_DUMPABLE, 0, "prctl(PR_SET_DUMPABLE)");
        // 1 and not 0: to a core_pattern that is a pipe only 1 says "no core" (core(5))
        const rlimit no_core = {1, 1};
        if (::setrlimit(RLIMIT_CORE, &no_core) != 0) throw SysError(errno, "setrlimit(CORE)");
        set(PR_SET_NO_NEW_PRIVS, 1, "prctl(PR_SET_NO_NEW_PRIVS)");
    });
}

void confine()
{
    in_context("confine the signer", [] {
        restrict_files();
        filter_calls(); // last: it forbids the call above
    });
}

} // namespace caisson::attest

#include "sandbox/base/seccomp.hh"

#include "sandbox/base/error.hh"

#include <cerrno>
#include <cstddef>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson {
namespace {

/// Jumps of a BPF program are one byte, and some instructions stand between.
constexpr std::size_t kMostCalls = 200;

constexpr sock_filter statement(unsigned code, std::uint32_t value)
{
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}

constexpr sock_filter jump(unsigned test, std::uint32_t value, std::size_t yes, std::size_t no)
{
    return {static_cast<std::uint16_t>(BPF_JMP | test | BPF_K),
            static_cast<std::uint8_t>(yes),
            static_cast<std::uint8_t>(no),
            value};
}

constexpr sock_filter load(std::size_t offset)
{
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

constexpr sock_filter kAllow = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
constexpr sock_filter kRefuse = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
constexpr sock_filter kKill = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

constexpr bool takes_protection(int call)
{
    return call == SYS_mmap || call == SYS_mprotect;
}

} // namespace

bool seccomp_filters_work() noexcept
{
    const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

void seccomp_set_filter(std::span<const sock_filter> program)
{
    if (program.size() > BPF_MAXINSNS)
        throw Error(ErrorKind::kInternal, "the system call filter is too long");
    const sock_fprog whole = {.len = static_cast<unsigned short>(program.size()),
                              .filter = const_cast<sock_filter*>(program.data())};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0)
        throw SysError(errno, "seccomp(SECCOMP_SET_MODE_FILTER)");
}

std::vector<sock_filter> filter_that_allows(std::span<const int> calls)
{
    if (calls.size() > kMostCalls)
        throw Error(ErrorKind::kInternal, "the system call filter has too many calls");
    // the low half of the third argument of mmap and mprotect, on a little-endian machine
    constexpr std::size_t kProtection = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
    std::vector<sock_filter> program = {load(offsetof(seccomp_data, arch)),
                                        jump(BPF_JEQ, kNativeArchitecture, 1, 0),
                                        kKill,
                                        load(offsetof(seccomp_data, nr))};
    std::size_t left = calls.size();
    for (const int call : calls)
        program.push_back(jump(BPF_JEQ,
                               static_cast<std::uint32_t>(call),
                               left-- + (takes_protection(call) ? 1 : 0),
                               0));
    // where the jumps lead, in this order: past the refusal, past the permission
    program.insert(
        program.end(),
        {kRefuse, kAllow, load(kProtection), jump(BPF_JSET, PROT_EXEC, 0, 1), kRefuse, kAllow});
    return program;
}

std::vector<sock_filter> filter_that_allows(std::span<const int> calls, const ForeignCall& foreign)
{
    std::vector<sock_filter> program = {load(offsetof(seccomp_data, arch)),
                                        jump(BPF_JEQ, foreign.architecture, 0, 4),
                                        load(offsetof(seccomp_data, nr)),
                                        jump(BPF_JEQ, foreign.number, 0, 1),
                                        kAllow,
                                        kKill};
    const std::vector<sock_filter> native = filter_that_allows(calls);
    program.insert(program.end(), native.begin(), native.end());
    return program;
}

} // namespace caisson

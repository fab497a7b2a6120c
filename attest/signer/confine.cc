// What the signer takes from itself. It parses a statement that a hostile build may have shaped
// (its labels, its arguments), with the key in the same memory: so an error in that parser must
// find nothing to reach out with.

#include "attest/signer/confine.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/seccomp.hh"

#include <array>
#include <cerrno>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace caisson::attest {
namespace {

void set(int option, unsigned long value, const char* call)
{
    if (::prctl(option, value, 0UL, 0UL, 0UL) != 0) throw SysError(errno, call);
}

/// All that is left: talking over the open socket, the open list, memory, time, and the end.
constexpr std::array kAllowed = {
    SYS_recvmsg,    SYS_recvfrom,     SYS_sendmsg,       // the socket
    SYS_read,       SYS_write,        SYS_close,         // the statement, the list, an error's line
    SYS_lseek,      SYS_flock,                           // the list
    SYS_brk,        SYS_mmap,         SYS_munmap,        // malloc
    SYS_mremap,     SYS_madvise,                         // malloc
    SYS_futex,      SYS_getrandom,                       // locks; OpenSSL's nonces
    SYS_getpid,     SYS_gettid,       SYS_clock_gettime, // OpenSSL reseeds by them
    SYS_tgkill,     SYS_rt_sigaction, SYS_rt_sigprocmask, // abort(3)
    SYS_exit_group, SYS_exit,         SYS_rt_sigreturn,
};

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
        landlock_deny_everything();
        seccomp_set_filter(filter_that_allows(kAllowed)); // last: it forbids the calls above
    });
}

} // namespace caisson::attest

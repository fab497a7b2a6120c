#include "sandbox/sys/seccomp.hh"

#include "sandbox/base/error.hh"

#include <cerrno>
#include <cstdint>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::sandbox::sys {

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

} // namespace caisson::sandbox::sys

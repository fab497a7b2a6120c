#include "sandbox/chamber/chamber_filter.hh"

#include "sandbox/seccomp/refusals.hh"

#include <cerrno>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace caisson::sandbox {
namespace {

using Compare = ArgumentTest::Compare;

constexpr std::uint32_t kQuotactlFd = 443; // Debian 12's headers do not have it

/// The numbers of one architecture.
struct Numbers {
    std::vector<std::uint32_t> refused; ///< EPERM
    std::vector<std::uint32_t> rings;   ///< ENOSYS, so that callers fall back
    std::vector<std::uint32_t> keys;    ///< EPERM
    std::uint32_t socket = 0;
    std::uint32_t socketpair = 0;
    std::uint32_t seccomp = 0;
};

Numbers native_numbers()
{
    return {.refused = {SYS_bpf,
                        SYS_perf_event_open,
                        SYS_userfaultfd,
                        SYS_open_by_handle_at,
                        SYS_kexec_load,
                        SYS_kexec_file_load,
                        SYS_init_module,
                        SYS_finit_module,
                        SYS_delete_module,
                        SYS_reboot,
                        SYS_swapon,
                        SYS_swapoff,
                        SYS_acct,
                        SYS_quotactl,
                        SYS_settimeofday,
                        SYS_clock_settime,
#if defined(__x86_64__)
                        SYS_iopl,
                        SYS_ioperm,
#endif
                        kQuotactlFd},
            .rings = {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register},
            .keys = {SYS_add_key, SYS_request_key, SYS_keyctl},
            .socket = SYS_socket,
            .socketpair = SYS_socketpair,
            .seccomp = SYS_seccomp};
}

/// The same of i386 (arch/x86/entry/syscalls/syscall_32.tbl), and vm86.
Numbers i386_numbers()
{
    return {.refused = {357, 336, 374, 342, 283, 128, 350,         129, 88,  87,  115,
                        51,  131, 79,  264, 404, 25,  kQuotactlFd, 110, 101, 113, 166},
            .rings = {425, 426, 427},
            .keys = {286, 287, 288},
            .socket = 359,
            .socketpair = 360,
            .seccomp = 354};
}

/// All but UNIX, INET, INET6 and NETLINK, and of that all but ROUTE.
void refuse_sockets(Refusals& refusals, const Numbers& numbers)
{
    const auto families = [&](std::uint64_t first, std::uint64_t last) {
        refusals.refuse_where(numbers.socket,
                              EAFNOSUPPORT,
                              {{.index = 0, .compare = Compare::kGreaterOrEqual, .value = first},
                               {.index = 0, .compare = Compare::kLessOrEqual, .value = last}});
    };
    families(AF_UNSPEC, AF_UNSPEC);
    families(AF_INET + 1, AF_INET6 - 1);
    families(AF_INET6 + 1, AF_NETLINK - 1);
    families(AF_NETLINK + 1, UINT32_MAX);
    refusals.refuse_where(numbers.socket,
                          EPROTONOSUPPORT,
                          {{.index = 0, .value = AF_NETLINK},
                           {.index = 2, .compare = Compare::kNotEqual, .value = NETLINK_ROUTE}});
    refusals.refuse_where(numbers.socketpair,
                          EAFNOSUPPORT,
                          {{.index = 0, .compare = Compare::kNotEqual, .value = AF_UNIX}});
}

Refusals refusals_of(const Numbers& numbers, const ChamberScope& scope)
{
    Refusals refusals;
    for (const std::uint32_t number : numbers.refused)
        refusals.refuse(number, EPERM);
    for (const std::uint32_t number : numbers.rings)
        refusals.refuse(number, ENOSYS);
    if (!scope.i386) // the only listeners are those of such cells
        refusals.refuse_where(numbers.seccomp,
                              EPERM,
                              {{.index = 1,
                                .compare = Compare::kMaskedEqual,
                                .value = SECCOMP_FILTER_FLAG_NEW_LISTENER,
                                .mask = SECCOMP_FILTER_FLAG_NEW_LISTENER}});
    if (scope.below_floor) return refusals;
    for (const std::uint32_t number : numbers.keys)
        refusals.refuse(number, EPERM);
    refuse_sockets(refusals, numbers);
    return refusals;
}

} // namespace

std::vector<sock_filter> chamber_filter(const ChamberScope& scope)
{
    std::optional<Refusals> i386;
    if (scope.i386) i386 = refusals_of(i386_numbers(), scope);
    return filter_that_refuses(refusals_of(native_numbers(), scope), i386);
}

} // namespace caisson::sandbox

#include "sandbox/base/seccomp.hh"
#include "sandbox/chamber/chamber_filter.hh"
#include "sandbox/seccomp/evaluate.hh"

#include <cerrno>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace caisson::sandbox {
namespace {

class Filter {
public:
    explicit Filter(const ChamberScope& scope)
        : program_(chamber_filter(scope))
    {}

    [[nodiscard]] std::uint32_t native(long number,
                                       std::initializer_list<std::uint64_t> arguments = {}) const
    {
        return ask(kNativeArchitecture, number, arguments);
    }
    [[nodiscard]] std::uint32_t i386(long number,
                                     std::initializer_list<std::uint64_t> arguments = {}) const
    {
        return ask(AUDIT_ARCH_I386, number, arguments);
    }

private:
    [[nodiscard]] std::uint32_t ask(std::uint32_t architecture,
                                    long number,
                                    std::initializer_list<std::uint64_t> arguments) const
    {
        seccomp_data call = {.nr = static_cast<int>(number), .arch = architecture};
        std::copy(arguments.begin(), arguments.end(), call.args);
        return evaluate_seccomp(program_, call);
    }

    std::vector<sock_filter> program_;
};

constexpr std::uint32_t error(int number)
{
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
}

TEST(ChamberFilter, LeavesTheChamberItsWork)
{
    const Filter filter({});

    for (const long number : {SYS_mount,
                              SYS_move_mount,
                              SYS_unshare,
                              SYS_clone3,
                              SYS_pivot_root,
                              SYS_setns,
                              SYS_ptrace,
                              SYS_openat,
                              SYS_execve,
                              SYS_seccomp})
        EXPECT_EQ(filter.native(number), SECCOMP_RET_ALLOW) << number;
}

TEST(ChamberFilter, RefusesWhatNothingBelowItNeeds)
{
    const Filter filter({});

    for (const long number : {SYS_bpf,
                              SYS_perf_event_open,
                              SYS_userfaultfd,
                              SYS_kexec_load,
                              SYS_open_by_handle_at,
                              SYS_keyctl,
                              SYS_add_key})
        EXPECT_EQ(filter.native(number), error(EPERM)) << number;
    EXPECT_EQ(filter.native(SYS_io_uring_setup), error(ENOSYS));
    EXPECT_EQ(filter.native(470), error(ENOSYS));
    EXPECT_EQ(filter.native(0x40000000 + SYS_getpid), error(ENOSYS));
    EXPECT_EQ(filter.native(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, 8}), error(EPERM));
    EXPECT_EQ(filter.native(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, 0}), SECCOMP_RET_ALLOW);
}

TEST(ChamberFilter, KnowsFourFamiliesAndOneNetlink)
{
    const Filter filter({});
    for (std::uint64_t family = 0; family < 70; ++family) {
        const bool known =
            family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
        for (const std::uint64_t high : {0ULL, 1ULL << 32})
            EXPECT_EQ(filter.native(SYS_socket, {high | family, 1, 0}),
                      known ? SECCOMP_RET_ALLOW : error(EAFNOSUPPORT))
                << family;
    }
    EXPECT_EQ(filter.native(SYS_socket, {AF_NETLINK, SOCK_RAW, 12}), error(EPROTONOSUPPORT));
    EXPECT_EQ(filter.native(SYS_socketpair, {AF_UNIX}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(filter.native(SYS_socketpair, {AF_TIPC}), error(EAFNOSUPPORT));
}

TEST(ChamberFilter, KnowsTheI386TableOnlyForCellsOfSuchImages)
{
    const Filter usual({});
    const Filter wide({.i386 = true});

    EXPECT_EQ(usual.i386(20), SECCOMP_RET_KILL_PROCESS); // getpid
    EXPECT_EQ(wide.i386(20), SECCOMP_RET_ALLOW);
    EXPECT_EQ(wide.i386(359, {AF_VSOCK, 1, 0}), error(EAFNOSUPPORT));
    EXPECT_EQ(wide.i386(425), error(ENOSYS));          // io_uring_setup
    EXPECT_EQ(wide.i386(288), error(EPERM));           // keyctl
    EXPECT_EQ(wide.i386(102, {1}), SECCOMP_RET_ALLOW); // socketcall: the cell's filter asks
    EXPECT_EQ(wide.native(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, 8}), SECCOMP_RET_ALLOW);
}

TEST(ChamberFilter, LeavesToCellsWhatThePolicyAcceptsBelowTheFloor)
{
    const Filter filter({.below_floor = true});

    EXPECT_EQ(filter.native(SYS_keyctl), SECCOMP_RET_ALLOW);
    EXPECT_EQ(filter.native(SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(filter.native(SYS_bpf), error(EPERM));
}

} // namespace
} // namespace caisson::sandbox

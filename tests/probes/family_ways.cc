// The same families by the other ways into the kernel: a filter that knows one way has refused
// nothing.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/ring.hh"

#include <cstdint>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace caisson::probes {
namespace {

constexpr int kNetfilter = 12;
constexpr int kAnyProtocol = 0;

/// i386's one call for all of sockets, whose arguments no filter can read (socketcall(2)).
template<int family, int type, int protocol = kAnyProtocol>
Finding by_socketcall()
{
    constexpr long kSocketcall = 102;
    constexpr int kSocket = 1;
    auto* const words = static_cast<std::uint32_t*>(low_page());
    if (words == nullptr) return absent_because("no memory below 4 GiB");
    words[0] = family;
    words[1] = type;
    words[2] = protocol;
    return judge(call_i386(kSocketcall, kSocket, words), "i386 socketcall");
}

template<int family, int type, int protocol = kAnyProtocol>
Finding by_i386()
{
    constexpr long kSocket = 359;
    return judge(call_i386(kSocket, family, type, protocol), "i386 socket");
}

template<int family, int type, int protocol = kAnyProtocol>
Finding by_x32()
{
    return judge(call_x32(SYS_socket, family, type, protocol), "x32 socket");
}

template<int family, int type, int protocol = kAnyProtocol>
Finding by_ring()
{
    constexpr std::uint8_t kSocket = 45; // IORING_OP_SOCKET, Linux 5.19
    return judge(run_on_ring({.code = kSocket, .fd = family, .offset = type, .length = protocol}),
                 "io_uring socket");
}

/// The kernel reads an int (socket(2)); a filter that compares 64 bits sees another family.
template<int family, int type, int protocol = kAnyProtocol>
Finding by_high_bits()
{
    constexpr long kHigh = 1L << 32;
    return judge(call(SYS_socket, family | kHigh, type, protocol), "socket");
}

template<int family>
Finding pair_by_socketcall()
{
    constexpr long kSocketcall = 102;
    constexpr int kSocketpair = 8;
    auto* const words = static_cast<std::uint32_t*>(low_page());
    if (words == nullptr) return absent_because("no memory below 4 GiB");
    words[0] = family;
    words[1] = SOCK_STREAM;
    words[2] = 0;
    words[3] = static_cast<std::uint32_t>(word(words + 8));
    return judge(call_i386(kSocketcall, kSocketpair, words), "i386 socketcall");
}

Finding open_by_ring()
{
    return judge(run_on_ring({.code = IORING_OP_OPENAT,
                              .fd = AT_FDCWD,
                              .address = reinterpret_cast<std::uint64_t>("/"),
                              .flags = O_RDONLY | O_DIRECTORY}),
                 "io_uring openat");
}

Finding do_nothing_by_ring()
{
    return judge(run_on_ring({.code = IORING_OP_NOP}), "io_uring nop");
}

Finding set_up_ring()
{
    io_uring_params parameters = {};
    return judge(call(SYS_io_uring_setup, 4, &parameters), "io_uring_setup");
}

Finding register_with_ring()
{
    constexpr unsigned kProbe = 8; // IORING_REGISTER_PROBE
    // without a ring: EBADF or EINVAL say that the call is there
    return judge_asking(call(SYS_io_uring_register, -1, kProbe, nullptr, 0), "io_uring_register");
}

constexpr Attempt kAttempts[] = {
    {"net.vsock_socketcall_i386",
     Severity::kMust,
     kCheap,
     "AF_VSOCK by i386 socketcall: open in every engine in 2026",
     by_socketcall<AF_VSOCK, SOCK_STREAM>},
    {"net.alg_socketcall_i386",
     Severity::kMust,
     0,
     "AF_ALG by i386 socketcall (CVE-2026-31431, docs#24960)",
     by_socketcall<AF_ALG, SOCK_SEQPACKET>},
    {"net.packet_socketcall_i386",
     Severity::kMust,
     0,
     "AF_PACKET by i386 socketcall",
     by_socketcall<AF_PACKET, SOCK_RAW>},
    {"net.netfilter_socketcall_i386",
     Severity::kMust,
     0,
     "NETLINK_NETFILTER by i386 socketcall",
     by_socketcall<AF_NETLINK, SOCK_RAW, kNetfilter>},
    {"net.unix_socketcall_i386",
     Severity::kShould,
     0,
     "i386 socketcall at all",
     by_socketcall<AF_UNIX, SOCK_STREAM>},
    {"net.pair_socketcall_i386",
     Severity::kShould,
     0,
     "i386 socketcall's socketpair",
     pair_by_socketcall<AF_UNIX>},
    {"net.vsock_i386",
     Severity::kMust,
     0,
     "AF_VSOCK by i386 socket",
     by_i386<AF_VSOCK, SOCK_STREAM>},
    {"net.alg_i386", Severity::kMust, 0, "AF_ALG by i386 socket", by_i386<AF_ALG, SOCK_SEQPACKET>},
    {"net.packet_i386",
     Severity::kMust,
     0,
     "AF_PACKET by i386 socket",
     by_i386<AF_PACKET, SOCK_RAW>},
    {"net.netfilter_i386",
     Severity::kMust,
     0,
     "NETLINK_NETFILTER by i386 socket",
     by_i386<AF_NETLINK, SOCK_RAW, kNetfilter>},
    {"net.vsock_x32",
     Severity::kMust,
     kCheap,
     "AF_VSOCK by the x32 table",
     by_x32<AF_VSOCK, SOCK_STREAM>},
    {"net.packet_x32",
     Severity::kMust,
     kCheap,
     "AF_PACKET by the x32 table",
     by_x32<AF_PACKET, SOCK_RAW>},
    {"net.vsock_ring",
     Severity::kMust,
     kCheap,
     "AF_VSOCK by io_uring, below any filter",
     by_ring<AF_VSOCK, SOCK_STREAM>},
    {"net.packet_ring",
     Severity::kMust,
     kCheap,
     "AF_PACKET by io_uring",
     by_ring<AF_PACKET, SOCK_RAW>},
    {"net.netfilter_ring",
     Severity::kMust,
     kCheap,
     "NETLINK_NETFILTER by io_uring",
     by_ring<AF_NETLINK, SOCK_RAW, kNetfilter>},
    {"net.vsock_high_bits",
     Severity::kMust,
     kCheap,
     "AF_VSOCK with bits that the kernel does not read",
     by_high_bits<AF_VSOCK, SOCK_STREAM>},
    {"net.packet_high_bits",
     Severity::kMust,
     kCheap,
     "AF_PACKET with bits that the kernel does not read",
     by_high_bits<AF_PACKET, SOCK_RAW>},
    {"ring.set_up", Severity::kShould, kCheap, "io_uring: dozens of holes", set_up_ring},
    {"ring.register", Severity::kShould, kCheap, "the same", register_with_ring},
    {"ring.nothing", Severity::kShould, kCheap, "an operation on it", do_nothing_by_ring},
    {"ring.open", Severity::kMust, kCheap, "open a file below any filter", open_by_ring},
};

} // namespace

std::span<const Attempt> family_way_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

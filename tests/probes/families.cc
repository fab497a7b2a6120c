// Families of sockets: each is a subsystem of the kernel that whoever can make such a socket talks
// to.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace caisson::probes {
namespace {

template<int family, int type, int protocol = 0>
Finding make_socket()
{
    const long made = call(SYS_socket, family, type | SOCK_CLOEXEC, protocol);
    if (made >= 0) call(SYS_close, made);
    return judge(made, "socket");
}

constexpr int kXdp = 44;
constexpr int kSmc = 43;
constexpr int kQipcrtr = 42;
constexpr int kKcm = 41;
constexpr int kMctp = 45;
constexpr int kMptcp = 262;
constexpr int kSmcOfInet = 256;

constexpr Attempt kAttempts[] = {
    {"net.vsock",
     Severity::kMust,
     kCheap,
     "the hypervisor's services, past any network namespace",
     make_socket<AF_VSOCK, SOCK_STREAM>},
    {"net.vsock_datagrams",
     Severity::kMust,
     kCheap,
     "the same, datagrams",
     make_socket<AF_VSOCK, SOCK_SEQPACKET>},
    {"net.alg",
     Severity::kMust,
     kCheap,
     "the kernel's ciphers, page cache included (CVE-2026-31431)",
     make_socket<AF_ALG, SOCK_SEQPACKET>},
    {"net.packet_raw",
     Severity::kMust,
     kCheap,
     "frames as they are (CVE-2017-7308, CVE-2020-14386)",
     make_socket<AF_PACKET, SOCK_RAW>},
    {"net.packet_datagrams",
     Severity::kMust,
     kCheap,
     "the same without the link's header",
     make_socket<AF_PACKET, SOCK_DGRAM>},
    {"net.key",
     Severity::kMust,
     kCheap,
     "IPsec's old interface (CVE-2026-43284)",
     make_socket<AF_KEY, SOCK_RAW, 2>},
    {"net.xdp",
     Severity::kShould,
     kCheap,
     "rings shared with a driver",
     make_socket<kXdp, SOCK_RAW>},
    {"net.rds",
     Severity::kShould,
     kCheap,
     "loaded on demand (CVE-2010-3904, CVE-2018-5333)",
     make_socket<AF_RDS, SOCK_SEQPACKET>},
    {"net.tipc",
     Severity::kShould,
     kCheap,
     "loaded on demand (CVE-2021-43267)",
     make_socket<AF_TIPC, SOCK_RDM>},
    {"net.can",
     Severity::kShould,
     kCheap,
     "loaded on demand (CVE-2021-3609)",
     make_socket<AF_CAN, SOCK_DGRAM, 2>},
    {"net.rxrpc",
     Severity::kShould,
     kCheap,
     "loaded on demand (CVE-2026-43500)",
     make_socket<AF_RXRPC, SOCK_DGRAM>},
    {"net.kcm", Severity::kShould, kCheap, "BPF on streams", make_socket<kKcm, SOCK_DGRAM>},
    {"net.smc", Severity::kShould, kCheap, "RDMA under TCP", make_socket<kSmc, SOCK_STREAM>},
    {"net.qipcrtr",
     Severity::kShould,
     kCheap,
     "a modem's router",
     make_socket<kQipcrtr, SOCK_DGRAM>},
    {"net.bluetooth",
     Severity::kShould,
     kCheap,
     "loaded on demand (CVE-2021-3640)",
     make_socket<AF_BLUETOOTH, SOCK_RAW, 1>},
    {"net.mctp", Severity::kShould, kCheap, "a board's controller", make_socket<kMctp, SOCK_DGRAM>},
    {"net.inet_raw",
     Severity::kMust,
     kCheap,
     "CAP_NET_RAW: forged packets",
     make_socket<AF_INET, SOCK_RAW, IPPROTO_RAW>},
    {"net.inet6_raw",
     Severity::kMust,
     kCheap,
     "the same of IPv6 (CVE-2022-0435's kind)",
     make_socket<AF_INET6, SOCK_RAW, IPPROTO_ICMPV6>},
    {"net.ping",
     Severity::kShould,
     kCheap,
     "ICMP sockets (CVE-2015-3636)",
     make_socket<AF_INET, SOCK_DGRAM, IPPROTO_ICMP>},
    {"net.mptcp",
     Severity::kShould,
     kCheap,
     "multipath TCP (CVE-2024-26783's kind)",
     make_socket<AF_INET, SOCK_STREAM, kMptcp>},
    {"net.sctp",
     Severity::kShould,
     kCheap,
     "loaded on demand (CVE-2019-8956)",
     make_socket<AF_INET, SOCK_STREAM, IPPROTO_SCTP>},
    {"net.udplite",
     Severity::kShould,
     kCheap,
     "a protocol that nobody uses",
     make_socket<AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE>},
    {"net.smc_of_inet",
     Severity::kShould,
     kCheap,
     "SMC by the family of TCP (Linux 6.11)",
     make_socket<AF_INET, SOCK_STREAM, kSmcOfInet>},
};

} // namespace

std::span<const Attempt> family_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

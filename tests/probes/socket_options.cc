// Options of a socket that reach far more of the kernel than the socket does.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace caisson::probes {
namespace {

long make_socket(int family, int type)
{
    return call(SYS_socket, family, type | SOCK_CLOEXEC, 0);
}

/// A TCP connection to ourselves: its end that connected.
long connect_to_self()
{
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const long server = make_socket(AF_INET, SOCK_STREAM);
    const long client = make_socket(AF_INET, SOCK_STREAM);
    if (server < 0 || client < 0) return client;
    call(SYS_bind, server, &address, size);
    call(SYS_listen, server, 1);
    call(SYS_getsockname, server, &address, &size);
    const long answer = call(SYS_connect, client, &address, size);
    return answer < 0 ? answer : client;
}

Finding set(long socket, int level, int option, const void* value, socklen_t size)
{
    if (socket < 0) return judge(socket, "socket");
    const long answer = call(SYS_setsockopt, socket, level, option, value, size);
    if (answer == -ENOPROTOOPT) return absent_because("setsockopt: ENOPROTOOPT");
    return judge(answer, "setsockopt");
}

template<class Value>
Finding set(long socket, int level, int option, const Value& value)
{
    return set(socket, level, option, &value, sizeof value);
}

/// For an option whose value is looked at after who asks.
Finding ask(long socket, int level, int option, const void* value, socklen_t size)
{
    if (socket < 0) return judge(socket, "socket");
    const long answer = call(SYS_setsockopt, socket, level, option, value, size);
    if (answer == -ENOPROTOOPT) return absent_because("setsockopt: ENOPROTOOPT");
    return judge_asking(answer, "setsockopt");
}

Finding put_protocol_on(const char* name)
{
    const long socket = connect_to_self();
    if (socket < 0) return judge(socket, "connect");
    const long answer = call(SYS_setsockopt, socket, IPPROTO_TCP, TCP_ULP, name, std::strlen(name));
    if (answer == -ENOENT) return open_because("the kernel looks for the protocol \"%s\"", name);
    return answer == -ENOPROTOOPT ? refused_because("setsockopt: ENOPROTOOPT")
                                  : judge(answer, "setsockopt");
}

Finding put_protocol_by_i386()
{
    constexpr long kSetsockopt = 366;
    const long socket = connect_to_self();
    auto* const name = static_cast<char*>(low_page());
    if (socket < 0 || name == nullptr) return absent_because("no connection");
    std::memcpy(name, "mptcp", 6);
    const long answer = call_i386(kSetsockopt, socket, IPPROTO_TCP, TCP_ULP, name, 5);
    // there is no such protocol to be had by name from user space: it was looked for
    return answer == -ENOENT || answer == -EOPNOTSUPP || answer == -EINVAL
               ? open_because("the kernel looks for the protocol")
               : judge(answer, "i386 setsockopt");
}

Finding set_policy(int family, int level, int option)
{
    std::array<char, 256> policy = {}; // struct xfrm_userpolicy_info, all zero
    return ask(make_socket(family, SOCK_DGRAM), level, option, policy.data(), 168);
}

Finding attach_filter()
{
    sock_filter accept = {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0xffff};
    const sock_fprog program = {.len = 1, .filter = &accept};
    return set(make_socket(AF_INET, SOCK_DGRAM), SOL_SOCKET, SO_ATTACH_FILTER, program);
}

Finding attach_reuseport_filter()
{
    sock_filter accept = {.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0};
    const sock_fprog program = {.len = 1, .filter = &accept};
    const long socket = make_socket(AF_INET, SOCK_DGRAM);
    const int on = 1;
    call(SYS_setsockopt, socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    return set(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program);
}

Finding attach_bpf()
{
    const int nothing = -1;
    return ask(
        make_socket(AF_INET, SOCK_DGRAM), SOL_SOCKET, SO_ATTACH_BPF, &nothing, sizeof nothing);
}

/// The option's number is 64 in each of them; the value is looked at behind the check.
Finding replace_rules(int family, int level)
{
    constexpr int kReplace = 64; // IPT_SO_SET_REPLACE
    std::array<char, 128> rules = {};
    return ask(make_socket(family, SOCK_STREAM), level, kReplace, rules.data(), 4);
}

Finding ask_for_rules()
{
    constexpr int kInfo = 64; // IPT_SO_GET_INFO
    struct {
        std::array<char, 32> table = {'f', 'i', 'l', 't', 'e', 'r'};
        std::array<unsigned, 13> rest = {};
    } info;
    socklen_t size = sizeof info;
    const long socket = make_socket(AF_INET, SOCK_STREAM);
    return judge(call(SYS_getsockopt, socket, IPPROTO_IP, kInfo, &info, &size), "getsockopt");
}

Finding set_number(int level, int option, int value, int type = SOCK_STREAM)
{
    return set(make_socket(AF_INET, type), level, option, value);
}

constexpr Attempt kAttempts[] = {
    {"sockopt.ulp_tls",
     Severity::kShould,
     kCheap,
     "TLS in the kernel on a connection (CVE-2023-0461)",
     [] { return put_protocol_on("tls"); }},
    {"sockopt.ulp_espintcp",
     Severity::kMust,
     kCheap,
     "IPsec on a connection (CVE-2026-46300)",
     [] { return put_protocol_on("espintcp"); }},
    {"sockopt.ulp_i386", Severity::kShould, 0, "the same by the i386 table", put_protocol_by_i386},
    {"sockopt.xfrm_policy",
     Severity::kMust,
     kCheap,
     "an IPsec policy of the socket's own",
     [] { return set_policy(AF_INET, IPPROTO_IP, 17); }},
    {"sockopt.ipsec_policy",
     Severity::kMust,
     kCheap,
     "the same by the older option",
     [] { return set_policy(AF_INET, IPPROTO_IP, 16); }},
    {"sockopt.xfrm_policy6",
     Severity::kMust,
     kCheap,
     "the same of IPv6",
     [] { return set_policy(AF_INET6, IPPROTO_IPV6, 35); }},
    {"sockopt.attach_filter",
     Severity::kShould,
     kCheap,
     "a BPF program in the kernel, compiled there (JIT spraying)",
     attach_filter},
    {"sockopt.attach_reuseport",
     Severity::kShould,
     kCheap,
     "the same by another option",
     attach_reuseport_filter},
    {"sockopt.attach_bpf", Severity::kShould, kCheap, "the same for eBPF", attach_bpf},
    {"sockopt.replace_iptables",
     Severity::kMust,
     kCheap,
     "iptables (CVE-2021-22555)",
     [] { return replace_rules(AF_INET, IPPROTO_IP); }},
    {"sockopt.replace_ip6tables",
     Severity::kMust,
     kCheap,
     "the same of IPv6",
     [] { return replace_rules(AF_INET6, IPPROTO_IPV6); }},
    {"sockopt.ask_for_rules", Severity::kShould, kCheap, "the namespace's rules", ask_for_rules},
    {"sockopt.mark",
     Severity::kMust,
     kCheap,
     "CAP_NET_ADMIN: another routing table",
     [] { return set_number(SOL_SOCKET, SO_MARK, 1); }},
    {"sockopt.priority",
     Severity::kShould,
     kCheap,
     "CAP_NET_ADMIN: before everybody else's packets",
     [] { return set_number(SOL_SOCKET, SO_PRIORITY, 7); }},
    {"sockopt.send_buffer",
     Severity::kShould,
     kCheap,
     "CAP_NET_ADMIN: kernel memory beyond the limit",
     [] { return set_number(SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24); }},
    {"sockopt.debug",
     Severity::kShould,
     kCheap,
     "CAP_NET_ADMIN: messages in the host's log",
     [] { return set_number(SOL_SOCKET, SO_DEBUG, 1); }},
    {"sockopt.transparent",
     Severity::kMust,
     kCheap,
     "CAP_NET_ADMIN: other people's addresses",
     [] { return set_number(IPPROTO_IP, IP_TRANSPARENT, 1); }},
    {"sockopt.repair",
     Severity::kMust,
     kCheap,
     "CAP_NET_ADMIN: a connection's innards",
     [] { return set_number(IPPROTO_TCP, TCP_REPAIR, 1); }},
    {"sockopt.udp_encapsulation",
     Severity::kShould,
     kCheap,
     "datagrams go to IPsec or L2TP",
     [] { return set_number(IPPROTO_UDP, 100, 2, SOCK_DGRAM); }},
};

} // namespace

std::span<const Attempt> socket_option_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

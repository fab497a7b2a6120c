// Netlink: each protocol is the interface of a subsystem, mostly one for administrators.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <array>
#include <cstring>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace caisson::probes {
namespace {

template<int protocol>
Finding make_socket()
{
    const long made = call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (made >= 0) call(SYS_close, made);
    return judge(made, "socket");
}

/// A request in a buffer, attribute after attribute.
class Request {
public:
    Request(unsigned type, unsigned flags)
    {
        header().nlmsg_len = NLMSG_HDRLEN;
        header().nlmsg_type = static_cast<std::uint16_t>(type);
        header().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    }

    template<class Body>
    void add(const Body& body)
    {
        std::memcpy(end(), &body, sizeof body);
        header().nlmsg_len += NLMSG_ALIGN(sizeof body);
    }

    void add_attribute(unsigned type, const std::string& value)
    {
        const nlattr head = {.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size() + 1),
                             .nla_type = static_cast<std::uint16_t>(type)};
        std::memcpy(end(), &head, sizeof head);
        std::memcpy(end() + NLA_HDRLEN, value.c_str(), value.size() + 1);
        header().nlmsg_len += NLMSG_ALIGN(head.nla_len);
    }

    /// Sends it and reads the answer: 0, or minus the error number.
    long ask(int protocol)
    {
        const long socket = call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        if (socket < 0) return socket;
        const long sent =
            call(SYS_sendto, socket, buffer_.data(), header().nlmsg_len, 0, nullptr, 0);
        if (sent < 0) return sent;
        alignas(nlmsghdr) std::array<char, 4096> answer = {};
        const long count = call(SYS_recvfrom, socket, answer.data(), answer.size(), 0, nullptr, 0);
        call(SYS_close, socket);
        if (count < 0) return count;
        const auto* const head = reinterpret_cast<const nlmsghdr*>(answer.data());
        if (head->nlmsg_type != NLMSG_ERROR) return 0;
        return reinterpret_cast<const nlmsgerr*>(answer.data() + NLMSG_HDRLEN)->error;
    }

private:
    nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(buffer_.data()); }
    char* end() { return buffer_.data() + header().nlmsg_len; }

    alignas(nlmsghdr) std::array<char, 1024> buffer_ = {};
};

/// Asks a namespace's administrator's questions in one of our own, where one is to be had.
void administer_out_of_sight()
{
    call(SYS_unshare, 0x40000000 /* CLONE_NEWNET */);
}

Finding make_interface()
{
    administer_out_of_sight();
    Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    request.add(ifinfomsg{});
    request.add_attribute(IFLA_IFNAME, "caisson0");
    const long answer = request.ask(NETLINK_ROUTE);
    // of no kind: EOPNOTSUPP comes behind CAP_NET_ADMIN
    return answer == -EOPNOTSUPP ? open_because("RTM_NEWLINK passes the check")
                                 : judge(answer, "RTM_NEWLINK");
}

Finding set_queueing()
{
    administer_out_of_sight();
    Request request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
    tcmsg message = {};
    message.tcm_ifindex = 1; // lo
    message.tcm_parent = TC_H_ROOT;
    request.add(message);
    request.add_attribute(TCA_KIND, "pfifo");
    return judge(request.ask(NETLINK_ROUTE), "RTM_NEWQDISC");
}

Finding add_address()
{
    administer_out_of_sight();
    Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    ifaddrmsg message = {};
    message.ifa_family = AF_INET;
    message.ifa_prefixlen = 32;
    message.ifa_index = 1;
    request.add(message);
    request.add_attribute(IFA_LOCAL, std::string("\x7f\x01\x02", 3)); // 127.1.2.0
    return judge(request.ask(NETLINK_ROUTE), "RTM_NEWADDR");
}

Finding make_nf_table()
{
    administer_out_of_sight();
    // outside of a batch the kernel answers EINVAL, but only to those who may (nfnetlink.c)
    Request request((NFNL_SUBSYS_NFTABLES << 8U) | NFT_MSG_NEWTABLE, NLM_F_CREATE);
    nfgenmsg message = {};
    message.nfgen_family = 1; // NFPROTO_INET
    request.add(message);
    request.add_attribute(NFTA_TABLE_NAME, "caisson");
    const long answer = request.ask(NETLINK_NETFILTER);
    return answer == -EINVAL ? open_because("NFT_MSG_NEWTABLE passes the check")
                             : judge(answer, "NFT_MSG_NEWTABLE");
}

Finding write_audit_record()
{
    constexpr unsigned kUserMessage =
        1112; // AUDIT_USER_LOGIN's neighbour, AUDIT_USER: CAP_AUDIT_WRITE
    Request request(kUserMessage, 0);
    request.add_attribute(0, "caisson-probe");
    const long answer = request.ask(NETLINK_AUDIT);
    return answer == -ECONNREFUSED ? refused_because("the audit system is another namespace's")
                                   : judge(answer, "AUDIT_USER");
}

Finding ask_audit_state()
{
    constexpr unsigned kGet = 1000; // AUDIT_GET
    Request request(kGet, 0);
    return judge(request.ask(NETLINK_AUDIT), "AUDIT_GET");
}

Finding read_audit_records()
{
    const long socket = call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    if (socket < 0) return judge(socket, "socket");
    sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1; // AUDIT_NLGRP_READLOG: CAP_AUDIT_READ
    return judge(call(SYS_bind, socket, &address, sizeof address), "bind");
}

constexpr Attempt kAttempts[] = {
    {"netlink.usersock",
     Severity::kShould,
     kCheap,
     "a channel between processes that nothing counts",
     make_socket<NETLINK_USERSOCK>},
    {"netlink.sock_diag",
     Severity::kShould,
     kCheap,
     "other sockets, and their end (CVE-2013-1763)",
     make_socket<NETLINK_SOCK_DIAG>},
    {"netlink.xfrm",
     Severity::kMust,
     kCheap,
     "IPsec (CVE-2026-43284, CVE-2026-46300)",
     make_socket<NETLINK_XFRM>},
    {"netlink.selinux",
     Severity::kShould,
     kCheap,
     "SELinux's events",
     make_socket<NETLINK_SELINUX>},
    {"netlink.iscsi",
     Severity::kShould,
     kCheap,
     "disks over the network (CVE-2021-27365)",
     make_socket<NETLINK_ISCSI>},
    {"netlink.audit", Severity::kShould, kCheap, "the audit system", make_socket<NETLINK_AUDIT>},
    {"netlink.fib_lookup", Severity::kShould, kCheap, "routes", make_socket<NETLINK_FIB_LOOKUP>},
    {"netlink.connector",
     Severity::kShould,
     kCheap,
     "every process's start and end",
     make_socket<NETLINK_CONNECTOR>},
    {"netlink.netfilter",
     Severity::kMust,
     kCheap,
     "nf_tables, conntrack, queues (CVE-2024-1086)",
     make_socket<NETLINK_NETFILTER>},
    {"netlink.kobject_uevent",
     Severity::kShould,
     kCheap,
     "every device that comes and goes",
     make_socket<NETLINK_KOBJECT_UEVENT>},
    {"netlink.generic",
     Severity::kShould,
     kCheap,
     "a hundred subsystems behind one door",
     make_socket<NETLINK_GENERIC>},
    {"netlink.scsi",
     Severity::kShould,
     kCheap,
     "disks' events",
     make_socket<NETLINK_SCSITRANSPORT>},
    {"netlink.rdma", Severity::kShould, kCheap, "RDMA", make_socket<NETLINK_RDMA>},
    {"netlink.crypto",
     Severity::kShould,
     kCheap,
     "the kernel's ciphers (CVE-2018-19854)",
     make_socket<NETLINK_CRYPTO>},
    {"netlink.make_interface", Severity::kMust, 0, "CAP_NET_ADMIN: an interface", make_interface},
    {"netlink.set_queueing",
     Severity::kMust,
     0,
     "CAP_NET_ADMIN: queueing (CVE-2023-4623 and its series)",
     set_queueing},
    {"netlink.add_address", Severity::kMust, 0, "CAP_NET_ADMIN: an address", add_address},
    {"netlink.make_nf_table", Severity::kMust, 0, "CAP_NET_ADMIN: nf_tables", make_nf_table},
    {"netlink.write_audit",
     Severity::kMust,
     0,
     "CAP_AUDIT_WRITE: forged records in the host's log",
     write_audit_record},
    {"netlink.control_audit",
     Severity::kMust,
     0,
     "CAP_AUDIT_CONTROL: what the host's log records",
     ask_audit_state},
    {"netlink.read_audit",
     Severity::kMust,
     0,
     "CAP_AUDIT_READ: the host's log",
     read_audit_records},
};

} // namespace

std::span<const Attempt> netlink_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

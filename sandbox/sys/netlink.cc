#include "sandbox/sys/netlink.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/unique_fd.hh"

#include <cerrno>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

namespace caisson::sandbox::sys {

void bring_loopback_up()
{
    constexpr int kLoopback = 1; // the kernel makes it first in every network namespace
    struct Request {
        nlmsghdr header;
        ifinfomsg link;
    } request = {};
    request.header = {.nlmsg_len = sizeof request,
                      .nlmsg_type = RTM_NEWLINK,
                      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK};
    request.link = {
        .ifi_family = AF_UNSPEC, .ifi_index = kLoopback, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

    const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) throw SysError(errno, "socket(NETLINK_ROUTE)");
    if (::send(socket.get(), &request, sizeof request, 0) < 0)
        throw SysError(errno, "send(RTM_NEWLINK)");
    struct Reply {
        nlmsghdr header;
        nlmsgerr body;
    } reply = {};
    // the kernel has answered when send() returns; the echo of the request is cut off
    if (::recv(socket.get(), &reply, sizeof reply, 0) < static_cast<ssize_t>(sizeof reply))
        throw SysError(errno, "recv(NLMSG_ERROR)");
    if (reply.header.nlmsg_type != NLMSG_ERROR || reply.body.error != 0)
        throw SysError(-reply.body.error, "RTM_NEWLINK lo");
}

} // namespace caisson::sandbox::sys

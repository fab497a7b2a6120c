// The host's networks and its other shared names: sockets, memory segments, queues.
#include "tests/probes/areas.hh"
#include "tests/probes/bait.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <cstddef>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

Finding connect_to(const sockaddr* address, socklen_t size, const char* what)
{
    const long socket = call(SYS_socket, address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return judge(socket, "socket");
    return judge(call(SYS_connect, socket, address, size), what);
}

Finding connect_to_loopback()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(bait()->port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect_to(
        reinterpret_cast<const sockaddr*>(&address), sizeof address, "connect to 127.0.0.1");
}

Finding connect_to_any_address()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(bait()->port));
    address.sin_addr.s_addr = htonl(INADDR_ANY); // the kernel takes it for loopback
    return connect_to(
        reinterpret_cast<const sockaddr*>(&address), sizeof address, "connect to 0.0.0.0");
}

Finding connect_to_mapped_address()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(bait()->port));
    address.sin6_addr.s6_addr[10] = 0xff;
    address.sin6_addr.s6_addr[11] = 0xff;
    address.sin6_addr.s6_addr[12] = 127;
    address.sin6_addr.s6_addr[15] = 1;
    return connect_to(
        reinterpret_cast<const sockaddr*>(&address), sizeof address, "connect to ::ffff:127.0.0.1");
}

Finding connect_to_abstract_socket()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string name = bait_name();
    name.copy(address.sun_path + 1, sizeof address.sun_path - 2);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return connect_to(
        reinterpret_cast<const sockaddr*>(&address), size, "connect to an abstract socket");
}

Finding find_interface()
{
    struct if_nameindex* const all = ::if_nameindex();
    if (all == nullptr) return absent_because("no interface can be listed");
    Finding found = refused_because("there is no interface but lo");
    for (const struct if_nameindex* each = all; each->if_index != 0; ++each)
        if (std::string(each->if_name) != "lo") found = open_because("there is %s", each->if_name);
    ::if_freenameindex(all);
    return found;
}

/// Listed by the kernel, one line a route; the first is the heading.
Finding find_route()
{
    const std::string table = content_of("/proc/net/route");
    if (table.find('\n') + 1 < table.size() && !table.empty())
        return open_because("there is a route beside that of loopback");
    return refused_because("there is no route");
}

Finding find_host_sockets()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    if (content_of("/proc/net/unix").find(bait_name()) != std::string::npos)
        return open_because("/proc/net/unix has the host's sockets");
    return refused_because("/proc/net/unix has none of the host's");
}

Finding attach_host_segment()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    return judge(call(SYS_shmget, bait()->pid, 0, 0), "shmget");
}

Finding open_host_queue()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    // the call takes the name without its slash (mq_open(3))
    return judge(call(SYS_mq_open, bait_name().c_str(), O_RDONLY | O_CLOEXEC, 0, nullptr),
                 "mq_open");
}

Finding open_host_memory()
{
    if (bait() == nullptr) return absent_because("no bait was laid");
    return open_to_read(("/dev/shm/" + bait_name()).c_str());
}

Finding list_host_segments()
{
    const std::string table = content_of("/proc/sysvipc/shm");
    if (table.empty()) return absent_because("/proc/sysvipc/shm cannot be read");
    if (table.find('\n') + 1 < table.size()) return open_because("segments of others are there");
    return refused_because("there is no segment");
}

constexpr Attempt kAttempts[] = {
    {"host.loopback",
     Severity::kMust,
     kCheap,
     "what listens on the host's loopback: databases, agents",
     connect_to_loopback},
    {"host.any_address", Severity::kMust, kCheap, "the same by 0.0.0.0", connect_to_any_address},
    {"host.mapped_address",
     Severity::kMust,
     kCheap,
     "the same by ::ffff:127.0.0.1",
     connect_to_mapped_address},
    {"host.abstract_socket",
     Severity::kMust,
     kCheap,
     "containerd, dbus, X11 (CVE-2020-15257, CVE-2025-46416)",
     connect_to_abstract_socket},
    {"host.interfaces", Severity::kShould, kCheap, "the host's networks", find_interface},
    {"host.routes", Severity::kShould, kCheap, "a way to anywhere", find_route},
    {"host.list_sockets", Severity::kShould, kCheap, "who listens on what", find_host_sockets},
    {"host.shared_memory", Severity::kMust, kCheap, "memory of others", attach_host_segment},
    {"host.list_shared_memory",
     Severity::kShould,
     kCheap,
     "that there is such",
     list_host_segments},
    {"host.message_queue", Severity::kMust, kCheap, "messages of others", open_host_queue},
    {"host.dev_shm", Severity::kMust, kCheap, "the host's /dev/shm", open_host_memory},
};

} // namespace

std::span<const Attempt> host_network_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

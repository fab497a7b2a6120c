// Not attacks: what every build does. Where these fail the sandbox is broken, or the probe is, and
// that the rest is refused says nothing.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

Finding start_process()
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(7);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return judge(-errno, "fork");
    return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? open_because("fork and wait")
                                                         : refused_because("the child is lost");
}

Finding write_file()
{
    const int file = open_scratch_file();
    if (file < 0) return judge(-errno, "a file");
    return judge(call(SYS_write, file, "x", 1), "write");
}

Finding make_directory()
{
    const std::string directory = make_scratch_directory();
    if (directory.empty()) return judge(-errno, "mkdtemp");
    return open_because("a directory is made and removed");
}

/// Package managers rename what they fetched into place.
Finding rename_across_directories()
{
    const std::string from = make_scratch_directory();
    const std::string to = make_scratch_directory();
    if (from.empty() || to.empty()) return judge(-errno, "mkdtemp");
    const std::string sub = from + "/of";
    ::mkdir(sub.c_str(), 0700);
    const Finding renamed = judge(call(SYS_rename, sub.c_str(), (to + "/of").c_str()), "rename");
    for (const std::string& left : {sub, to + "/of"})
        ::rmdir(left.c_str());
    return renamed;
}

/// A step may talk to itself.
Finding talk_over_loopback()
{
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const long server = call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const long client = call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || client < 0) return judge(std::min(server, client), "socket");
    call(SYS_bind, server, &address, size);
    call(SYS_listen, server, 1);
    call(SYS_getsockname, server, &address, &size);
    return judge(call(SYS_connect, client, &address, size), "connect");
}

/// Test suites of servers do.
Finding bind_low_port()
{
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(80);
    const long server = call(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0) return judge(server, "socket");
    return judge(call(SYS_bind, server, &address, sizeof address), "bind to port 80");
}

Finding talk_over_pair()
{
    std::array<int, 2> ends = {-1, -1};
    return judge(call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()),
                 "socketpair");
}

/// A test suite opens terminals of its own.
Finding use_own_terminal()
{
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::unlockpt(master) != 0) return judge(-errno, "posix_openpt");
    std::array<char, 64> name = {};
    if (::ptsname_r(master, name.data(), name.size()) != 0) return judge(-errno, "ptsname");
    const int terminal = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) return judge(-errno, name.data());
    return ::isatty(terminal) == 1 ? open_because("a terminal") : refused_because("no terminal");
}

Finding read_own_status()
{
    return content_of("/proc/self/status").find("Name:") != std::string::npos
               ? open_because("/proc/self/status")
               : refused_because("/proc/self/status is not there");
}

constexpr Attempt kAttempts[] = {
    {"control.process", Severity::kControl, kCheap, "start a process", start_process},
    {"control.file", Severity::kControl, kCheap, "write a file", write_file},
    {"control.directory", Severity::kControl, kCheap, "make a directory", make_directory},
    {"control.rename",
     Severity::kControl,
     kCheap,
     "a name moved to another directory",
     rename_across_directories},
    {"control.loopback", Severity::kControl, kCheap, "a connection to itself", talk_over_loopback},
    {"control.low_port", Severity::kControl, 0, "a server on port 80", bind_low_port},
    {"control.pair", Severity::kControl, kCheap, "a pair of sockets", talk_over_pair},
    {"control.terminal", Severity::kControl, 0, "a terminal of its own", use_own_terminal},
    {"control.status", Severity::kControl, kCheap, "/proc/self", read_own_status},
};

} // namespace

std::span<const Attempt> control_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

// Makes one attempt and says by its exit status whether it succeeded: 0 it did, 1 the kernel
// refused, 2 there is no such attempt. Static, so that it runs in any tree; the same program runs
// outside first, where the attempt must succeed, or its failure inside would prove nothing.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// What an attempt is given beside its name: a path, a socket's name.
std::string argument;

bool can_read(const char* path)
{
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    char byte = 0;
    return fd >= 0 && ::read(fd, &byte, 1) == 1;
}

bool can_open(const std::string& path, int flags)
{
    return ::open(path.c_str(), flags | O_CLOEXEC) >= 0;
}

/// A path in /proc of the parent: in a cell that is its init.
std::string of_parent(const char* name)
{
    return "/proc/" + std::to_string(::getppid()) + "/" + name;
}

bool nest_user_namespace()
{
    return ::unshare(CLONE_NEWUSER) == 0;
}

bool mount_file_system()
{
    // outside, in a mount namespace of its own: nobody else is to see it
    if (::unshare(CLONE_NEWNS) == 0) ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    return ::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0;
}

bool trace_parent()
{
    if (::ptrace(PTRACE_SEIZE, ::getppid(), nullptr, nullptr) != 0) return false;
    ::ptrace(PTRACE_DETACH, ::getppid(), nullptr, nullptr);
    return true;
}

bool signal_parent()
{
    return ::kill(::getppid(), 0) == 0;
}

bool read_parent_environment()
{
    return can_open(of_parent("environ"), O_RDONLY);
}

bool write_parent_memory()
{
    return can_open(of_parent("mem"), O_RDWR);
}

bool list_parent_descriptors()
{
    return can_open(of_parent("fd"), O_RDONLY | O_DIRECTORY);
}

bool enter_parent_namespace()
{
    const int space = ::open(of_parent("ns/net").c_str(), O_RDONLY | O_CLOEXEC);
    return space >= 0 && ::setns(space, CLONE_NEWNET) == 0;
}

bool make_device()
{
    const std::string path = "/tmp/device-" + std::to_string(::getpid());
    if (::mknod(path.c_str(), S_IFBLK | 0600, ::makedev(7, 0)) != 0) return false;
    ::unlink(path.c_str());
    return true;
}

bool raise_core_limit()
{
    rlimit limit = {};
    ::getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = 1U << 20;
    if (limit.rlim_max < limit.rlim_cur) limit.rlim_max = limit.rlim_cur;
    return ::setrlimit(RLIMIT_CORE, &limit) == 0;
}

bool raise_priority()
{
    return ::setpriority(PRIO_PROCESS, 0, -5) == 0;
}

bool change_host_name()
{
    // to what it is: nothing changes outside
    std::array<char, 256> name = {};
    ::gethostname(name.data(), name.size() - 1);
    return ::sethostname(name.data(), std::strlen(name.data())) == 0;
}

/// The way out of chroot(2): a descriptor of the old root, then up.
bool climb_out_of_chroot()
{
    const int old_root = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::string jail = "/tmp/jail-" + std::to_string(::getpid());
    ::mkdir(jail.c_str(), 0700);
    const bool jailed = ::chroot(jail.c_str()) == 0;
    if (!jailed || ::fchdir(old_root) != 0) return false;
    for (int level = 0; level < 64; ++level)
        if (::chdir("..") != 0) return false;
    if (::chroot(".") != 0) return false;
    ::rmdir(jail.c_str());
    return ::access(argument.c_str(), F_OK) == 0;
}

bool connect_abstract_socket()
{
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    argument.copy(address.sun_path + 1, sizeof address.sun_path - 2);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + argument.size());
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

/// Not an attack: a step may talk to itself.
bool talk_over_loopback()
{
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return ::bind(server, name, size) == 0 && ::listen(server, 1) == 0 &&
           ::getsockname(server, name, &size) == 0 && ::connect(client, name, size) == 0;
}

/// Not an attack: a test suite opens terminals of its own.
bool use_own_terminal()
{
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::unlockpt(master) != 0) return false;
    std::array<char, 64> name = {};
    if (::ptsname_r(master, name.data(), name.size()) != 0) return false;
    const int terminal = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return terminal >= 0 && ::isatty(terminal) == 1;
}

struct Attempt {
    std::string_view name;
    bool (*run)();
};

constexpr Attempt kAttempts[] = {
    {"nest_user_namespace", nest_user_namespace},
    {"mount_file_system", mount_file_system},
    {"trace_parent", trace_parent},
    {"signal_parent", signal_parent},
    {"read_parent_environment", read_parent_environment},
    {"write_parent_memory", write_parent_memory},
    {"list_parent_descriptors", list_parent_descriptors},
    {"enter_parent_namespace", enter_parent_namespace},
    {"make_device", make_device},
    {"raise_core_limit", raise_core_limit},
    {"raise_priority", raise_priority},
    {"change_host_name", change_host_name},
    {"climb_out_of_chroot", climb_out_of_chroot},
    {"connect_abstract_socket", connect_abstract_socket},
    {"talk_over_loopback", talk_over_loopback},
    {"use_own_terminal", use_own_terminal},
    {"read_file", [] { return can_read(argument.c_str()); }},
    {"open_for_writing", [] { return can_open(argument, O_WRONLY); }},
    {"look_at_path", [] { return ::access(argument.c_str(), F_OK) == 0; }},
};

} // namespace

int main(int argc, char** argv)
{
    if (argc < 2) return 2;
    if (argc > 2) argument = argv[2];
    for (const Attempt& attempt : kAttempts)
        if (attempt.name == argv[1]) {
            const bool succeeded = attempt.run();
            std::printf("%s %s\n", argv[1], succeeded ? "succeeded" : std::strerror(errno));
            return succeeded ? 0 : 1;
        }
    std::printf("there is no attempt \"%s\"\n", argv[1]);
    return 2;
}

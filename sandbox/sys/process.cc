#include "sandbox/sys/process.hh"

#include "sandbox/base/error.hh"

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <linux/sched.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox::sys {
namespace {

void check(long result, const char* call)
{
    if (result < 0) throw SysError(errno, call);
}

} // namespace

pid_t fork()
{
    const pid_t pid = ::fork();
    check(pid, "fork");
    return pid;
}

Cloned clone3(std::uint64_t namespaces, int group)
{
    int pidfd = -1;
    clone_args arguments = {};
    arguments.flags = namespaces | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    if (group >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(group);
    }
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    check(pid, "clone3");
    return {static_cast<pid_t>(pid), UniqueFd(pid == 0 ? -1 : pidfd)};
}

void unshare(int namespaces)
{
    check(::unshare(namespaces), "unshare");
}

void setns(int space, int kind)
{
    check(::setns(space, kind), "setns");
}

std::optional<Waited> wait4(pid_t pid)
{
    Waited waited;
    do
        waited.pid = ::wait4(pid, &waited.status, __WALL, &waited.usage);
    while (waited.pid < 0 && errno == EINTR);
    if (waited.pid < 0 && errno == ECHILD) return std::nullopt;
    check(waited.pid, "wait4");
    return waited;
}

void kill(pid_t pid, int number)
{
    check(::kill(pid, number), "kill");
}

void set_parent_death_signal()
{
    check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)");
}

void set_dumpable(bool dumpable)
{
    check(::prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0, 0, 0, 0), "prctl(PR_SET_DUMPABLE)");
}

void set_no_new_privileges()
{
    check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)");
}

void umask(mode_t mask) noexcept
{
    ::umask(mask);
}

void setsid()
{
    check(::setsid(), "setsid");
}

rlimit getrlimit(__rlimit_resource resource)
{
    rlimit limit = {};
    check(::getrlimit(resource, &limit), "getrlimit");
    return limit;
}

void setrlimit(__rlimit_resource resource, const rlimit& limit)
{
    check(::setrlimit(resource, &limit), "setrlimit");
}

void sethostname(const std::string& name)
{
    check(::sethostname(name.data(), name.size()), "sethostname");
}

void setdomainname(const std::string& name)
{
    check(::setdomainname(name.data(), name.size()), "setdomainname");
}

void chdir(const std::string& path)
{
    if (::chdir(path.c_str()) != 0) throw SysError(errno, "chdir \"" + path + "\"");
}

void fchdir(int directory)
{
    check(::fchdir(directory), "fchdir");
}

void chroot(const std::string& path)
{
    if (::chroot(path.c_str()) != 0) throw SysError(errno, "chroot \"" + path + "\"");
    chdir("/");
}

void personality_of_32_bits()
{
    check(::personality(PER_LINUX32), "personality(PER_LINUX32)");
}

std::string getcwd()
{
    // the call itself: glibc's wrapper hides "(unreachable)" behind an error or a path of its own
    std::array<char, PATH_MAX> path = {};
    check(::syscall(SYS_getcwd, path.data(), path.size()), "getcwd");
    return path.data();
}

void dup2(int from, int to)
{
    check(::dup2(from, to), "dup2");
}

void dup3(int from, int to, int flags)
{
    check(::dup3(from, to, flags), "dup3");
}

void close_range(unsigned first, unsigned last)
{
    check(::close_range(first, last, 0), "close_range");
}

int execve(const char* path, char* const* arguments, char* const* environment)
{
    ::execve(path, arguments, environment);
    return errno;
}

} // namespace caisson::sandbox::sys

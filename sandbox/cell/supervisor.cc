#include "sandbox/cell/supervisor.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/cell/socketcall.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/sys/capability.hh"
#include "sandbox/sys/identity.hh"
#include "sandbox/sys/other_process.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"
#include "sandbox/sys/seccomp_notify.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace caisson::sandbox {
namespace {

constexpr std::string_view kReady = "ready";

// what it holds; nothing else of the chamber's stays open
constexpr int kChannel = 3;
constexpr int kUserSpace = 4;
constexpr int kNetworkSpace = 5;
constexpr int kProcfs = 6;
constexpr int kProgram = 7;
constexpr int kParked = 64; // a place to put them while numbers are exchanged

/// Descriptors of the chamber's that it takes along, each with its place.
using Luggage = std::array<std::pair<int, int>, 5>;

#if defined(__x86_64__)

void keep_descriptors(const Luggage& wanted)
{
    std::array<int, std::tuple_size_v<Luggage>> parked = {};
    for (std::size_t index = 0; index < wanted.size(); ++index) {
        parked[index] = ::fcntl(wanted[index].first, F_DUPFD_CLOEXEC, kParked);
        if (parked[index] < 0) throw SysError(errno, "fcntl(F_DUPFD_CLOEXEC)");
    }
    for (std::size_t index = 0; index < wanted.size(); ++index)
        sys::dup2(parked[index], wanted[index].second);
    sys::close_range(kProgram + 1, ~0U);
    sys::close_range(0, kChannel - 1);
}

/// From the chamber's root to one with nothing in it; then into the cell's network, over which it
/// has no privilege, and its user namespace, whose root's capabilities are all it has.
void enter_cell()
{
    sys::chroot(kEmptyPath);
    sys::setns(kNetworkSpace, CLONE_NEWNET); // it is the chamber's, and none of its root's below
    sys::setns(kUserSpace, CLONE_NEWUSER);
    sys::close_range(kUserSpace, kNetworkSpace);
    sys::setgroups({});
    sys::setresgid(0);
    sys::setresuid(0);
}

/// To read callers' memory, and to be whom it makes a socket for.
void cut_capabilities()
{
    constexpr sys::CapabilitySet kKept = sys::CapabilitySet{1} << CAP_SYS_PTRACE |
                                         sys::CapabilitySet{1} << CAP_SETUID |
                                         sys::CapabilitySet{1} << CAP_SETGID;
    sys::keep_capabilities_over_ids(); // needs CAP_SETPCAP
    sys::drop_bounding(kKept);
    sys::capset(kKept);
    sys::set_dumpable(false);
}

/// No name can be opened but below the procfs that it holds: its root is empty.
constexpr std::array kAllowed = {
    SYS_recvmsg,      SYS_recvfrom,
    SYS_sendmsg, // the cell, until the listener is here
    SYS_ioctl,        SYS_poll,
    SYS_close, // the listener
    SYS_openat,       SYS_read,
    SYS_pwrite64, // /proc/<thread>/status and mem
    SYS_pidfd_open,   SYS_pidfd_getfd,    SYS_process_vm_readv, SYS_setresuid,
    SYS_setresgid,    SYS_socket,         SYS_socketpair,       SYS_brk,
    SYS_mmap,         SYS_munmap,         SYS_mremap,           SYS_futex,
    SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_getpid,           SYS_gettid,
    SYS_tgkill, // abort(3)
    SYS_exit,         SYS_exit_group,
};

std::vector<sock_filter> own_filter()
{
    std::array<int, kAllowed.size()> calls = {};
    std::copy(kAllowed.begin(), kAllowed.end(), calls.begin());
    // sys::i386_setsockopt
    return filter_that_allows(calls, {.architecture = AUDIT_ARCH_I386, .number = 366});
}

std::vector<sock_filter> read_program()
{
    const auto size = static_cast<std::size_t>(sys::fstat(kProgram).st_size);
    std::vector<sock_filter> program(size / sizeof(sock_filter));
    if (::pread(kProgram, program.data(), size, 0) != static_cast<ssize_t>(size))
        throw Error(ErrorKind::kInternal, "the system call filter was cut short");
    ::close(kProgram);
    return program;
}

UniqueFd receive_listener(const Channel& channel)
{
    auto message = channel.receive();
    // the set-up of the cell failed, or found no program: nobody will ask
    if (!message || message->descriptors.empty()) ::_exit(0);
    return std::move(message->descriptors.front());
}

/// Until no process is left that could ask.
void answer_all(int listener, SocketcallAnswerer& answerer)
{
    for (;;) {
        pollfd watched = {listener, POLLIN, 0};
        if (::poll(&watched, 1, -1) < 0 && errno != EINTR) throw SysError(errno, "poll");
        if ((watched.revents & POLLIN) != 0) {
            if (const auto call = sys::seccomp_receive(listener)) answerer.answer(*call);
        } else if ((watched.revents & POLLHUP) != 0) {
            return;
        }
    }
}

/// Everything up to the moment at which the cell may go on.
std::vector<sock_filter> raise_walls()
{
    return in_context("start the supervisor", [] {
        enter_cell();
        std::vector<sock_filter> program = read_program();
        cut_capabilities();
        seccomp_set_filter(own_filter()); // last: it forbids every call above
        return program;
    });
}

// noexcept: nothing may get back from here into the chamber's code
[[noreturn]] void be_supervisor(const Luggage& luggage) noexcept
{
    sys::set_parent_death_signal(); // until it changes its ids; the chamber's end is its own anyway
    keep_descriptors(luggage);
    const Channel kept{UniqueFd(kChannel)};
    std::vector<sock_filter> program;
    try {
        program = raise_walls();
    } catch (SysError& error) {
        error.set_kind(ErrorKind::kHost); // a wall that this host could not raise
        kept.send(error_to_json(error));
        ::_exit(1);
    }
    kept.send(kReady);
    const UniqueFd listener = receive_listener(kept);
    SocketcallAnswerer answerer(listener.get(), kProcfs, std::move(program));
    answer_all(listener.get(), answerer);
    ::_exit(0);
}

#else

[[noreturn]] void be_supervisor(const Luggage&) noexcept
{
    ::_exit(1); // no other kernel runs programs of i386
}

#endif

} // namespace

Supervisor Supervisor::start(int users, int network, int program, Channel channel)
{
    const UniqueFd procfs =
        sys::openat2(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    const pid_t pid = sys::fork();
    if (pid == 0)
        be_supervisor({{{channel.fd(), kChannel},
                        {users, kUserSpace},
                        {network, kNetworkSpace},
                        {procfs.get(), kProcfs},
                        {program, kProgram}}});
    return Supervisor(pid);
}

Supervisor::~Supervisor()
{
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
    }
}

void await_supervisor(const Channel& channel)
{
    const auto message = channel.receive();
    if (!message) throw Error(ErrorKind::kHost, "the supervisor is gone");
    if (message->text != kReady) throw error_from_json(message->text);
}

void send_listener(const Channel& channel, int listener)
{
    channel.send("listener", {listener});
}

} // namespace caisson::sandbox

#include "sandbox/sys/seccomp_notify.hh"

#include "sandbox/base/error.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::sandbox::sys {

UniqueFd seccomp_listen(std::span<const sock_filter> program)
{
    const sock_fprog whole = {.len = static_cast<unsigned short>(program.size()),
                              .filter = const_cast<sock_filter*>(program.data())};
    const auto listen = [&](unsigned flags) {
        return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &whole);
    };
    long fd = listen(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    if (fd < 0 && errno == EINVAL) fd = listen(SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (fd < 0) throw SysError(errno, "seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER)");
    return UniqueFd(static_cast<int>(fd));
}

bool seccomp_can_wait_for_death() noexcept
{
    constexpr unsigned kFlags =
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    // the flags are looked at first: EINVAL where one is unknown, else EFAULT for the program
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kFlags, nullptr) != 0 && errno == EFAULT;
}

std::optional<seccomp_notif> seccomp_receive(int listener)
{
    seccomp_notif call = {}; // the kernel wants zeros
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) return call;
    if (errno == ENOENT || errno == EINTR) return std::nullopt;
    throw SysError(errno, "ioctl(SECCOMP_IOCTL_NOTIF_RECV)");
}

bool seccomp_waits(int listener, std::uint64_t id) noexcept
{
    return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

void seccomp_answer(int listener, std::uint64_t id, std::int64_t value, int error) noexcept
{
    // flags 0: never SECCOMP_USER_NOTIF_FLAG_CONTINUE, by which the kernel would read the arguments
    // once more, changed meanwhile by another thread
    seccomp_notif_resp response = {
        .id = id, .val = error == 0 ? value : 0, .error = -error, .flags = 0};
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int seccomp_give_descriptor(
    int listener, std::uint64_t id, int fd, bool close_on_exec, bool answer) noexcept
{
    seccomp_notif_addfd gift = {.id = id,
                                .flags = answer ? std::uint32_t{SECCOMP_ADDFD_FLAG_SEND} : 0U,
                                .srcfd = static_cast<std::uint32_t>(fd),
                                .newfd = 0,
                                .newfd_flags = close_on_exec ? std::uint32_t{O_CLOEXEC} : 0U};
    const int number = ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &gift);
    return number < 0 ? -errno : number;
}

} // namespace caisson::sandbox::sys

// Whether the kernel has the calls that the walls are made of.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/host/attempt.hh"
#include "sandbox/host/checks.hh"
#include "sandbox/plan.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"
#include "sandbox/sys/seccomp_notify.hh"

#include <array>
#include <cerrno>
#include <cstddef>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr const char* kNewerKernel = "a newer kernel, or one whose calls no filter refuses";

/// Answers uname(2) with `action` and allows all else.
std::array<sock_filter, 4> filter_of_uname(std::uint32_t action)
{
    return {{{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
             {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_uname},
             {BPF_RET | BPF_K, 0, 0, action},
             {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}}};
}

} // namespace

Finding check_process_calls(const HostView& host)
{
    return find_by_attempt(
        host,
        [] {
            const sys::Cloned child = sys::clone3(0);
            if (child.pid == 0) ::_exit(0);
            pollfd ended = {child.pidfd.get(), POLLIN, 0};
            constexpr int kPatience = 5000;
            if (::poll(&ended, 1, kPatience) != 1)
                throw Error(ErrorKind::kHost, "a pidfd does not tell of its process's end");
            (void)sys::wait4(child.pid);
            constexpr unsigned kUnused = 1U << 16;
            sys::close_range(kUnused, ~0U);
        },
        kNewerKernel);
}

Finding check_path_calls(const HostView& host)
{
    return find_by_attempt(
        host,
        [&host] {
            (void)sys::openat2(host.trees,
                               ".",
                               O_PATH,
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                                   RESOLVE_NO_XDEV);
        },
        kNewerKernel);
}

Finding check_sealed_memory(const HostView& host)
{
    return find_by_attempt(
        host,
        [] {
            const UniqueFd sealed = make_sealed_memfd("check", "sealed");
            if (::pwrite(sealed.get(), "x", 1, 0) != -1 || errno != EPERM)
                throw Error(ErrorKind::kHost, "sealed memory can be written");
        },
        kNewerKernel);
}

Finding check_filters(const HostView& host)
{
    return find_by_attempt(
        host,
        [] {
            sys::set_no_new_privileges();
            constexpr int kAnswer = ENOTNAM; // that no kernel gives to uname(2)
            seccomp_set_filter(filter_of_uname(SECCOMP_RET_ERRNO | kAnswer));
            utsname name = {};
            if (::uname(&name) != -1 || errno != kAnswer)
                throw Error(ErrorKind::kHost, "a filter is loaded and does not hold");
        },
        "a kernel with CONFIG_SECCOMP_FILTER");
}

Finding check_supervisors(const HostView& host)
{
    const auto failure = attempt(host, [] {
        sys::set_no_new_privileges();
        const UniqueFd listener = sys::seccomp_listen(filter_of_uname(SECCOMP_RET_USER_NOTIF));
        // to nobody: a kernel that knows the request says that nobody waits
        const int given = sys::seccomp_give_descriptor(listener.get(), 0, 0, true, true);
        if (given != -ENOENT)
            throw Error(ErrorKind::kHost, "descriptors cannot be given: " + error_text(-given));
        if (!sys::seccomp_can_wait_for_death())
            throw Error(ErrorKind::kHost, "a signal restarts a call that was answered half");
    });
    if (!failure) return {};
    return {Finding::Status::kDegraded, *failure, kNewerKernel};
}

Finding check_landlock(const HostView& host)
{
    const int abi = landlock_abi();
    if (abi == 0)
        return {Finding::Status::kDegraded,
                "none",
                "Linux 5.19 or later, with landlock among the modules of the boot option lsm="};
    const auto failure = attempt(host, [] {
        sys::set_no_new_privileges();
        landlock_deny_everything();
        if (::access("/", F_OK) != 0) throw SysError(errno, "access");
        const UniqueFd file(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
        if (file) throw Error(ErrorKind::kHost, "a ruleset is loaded and does not hold");
    });
    if (failure) return {Finding::Status::kMissing, *failure, ""};
    const std::string found = "ABI " + std::to_string(abi);
    if (abi >= kNewestLandlock) return {.detail = found};
    constexpr int kFilesUsable = 2;
    return {Finding::Status::kDegraded,
            found + " of " + std::to_string(kNewestLandlock) +
                (abi < kFilesUsable ? ": no use is made of it, since dpkg fails below it"
                                    : ": the rest is up to the other walls"),
            "Linux 6.12 has all that is used"};
}

} // namespace caisson::sandbox

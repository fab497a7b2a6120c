#include "sandbox/host/attempt.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/sys/identity.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/process.hh"

#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kLongestText = 4096;

void become_the_chambers_user(const HostView& host)
{
    if (!host.ids) return;
    sys::setgroups({});
    sys::setresgid(host.ids->group);
    sys::setresuid(host.ids->user);
    sys::set_dumpable(true); // or /proc/self belongs to root
}

/// What went wrong, empty where nothing did.
std::string run_child(const HostView& host, const std::function<void()>& action)
try {
    sys::set_parent_death_signal();
    become_the_chambers_user(host);
    action();
    return {};
} catch (const Error& error) {
    return error.message();
}

} // namespace

std::optional<std::string> attempt(const HostView& host, const std::function<void()>& action)
{
    auto [told, teller] = make_pipe();
    const pid_t child = sys::fork();
    if (child == 0) {
        write_all(teller.get(), run_child(host, action));
        ::_exit(0);
    }
    teller.reset();
    const std::string text = read_all(told.get(), kLongestText, "what a check found");
    const auto ended = sys::wait4(child);
    if (!text.empty()) return text;
    if (!ended || !WIFEXITED(ended->status) || WEXITSTATUS(ended->status) != 0)
        return "the attempt was killed";
    return std::nullopt;
}

Finding
find_by_attempt(const HostView& host, const std::function<void()>& action, const std::string& hint)
{
    const auto failure = attempt(host, action);
    if (failure) return {Finding::Status::kMissing, *failure, hint};
    return {};
}

void become_root_of_namespace()
{
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    sys::unshare(CLONE_NEWUSER | CLONE_NEWNS);
    const auto write = [](const char* path, const std::string& text) {
        write_all(open_file(path, O_WRONLY).get(), text);
    };
    write("/proc/self/setgroups", "deny");
    write("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    write("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
    sys::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    sys::mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700");
}

} // namespace caisson::sandbox

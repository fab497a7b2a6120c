#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>

/// Making, ending and shaping processes. One call a function; SysError where it is refused.
namespace caisson::sandbox::sys {

/// 0 in the child. For single-threaded programs only.
[[nodiscard]] pid_t fork();
/// The child of clone3(2), as the parent sees it.
struct Cloned {
    pid_t pid = 0; ///< 0 in the child
    UniqueFd pidfd;
};
/// A fork into new namespaces (CLONE_NEW…), with CLONE_PIDFD. Needs no exec: every wall is up when
/// it returns. `group`: directory of a cgroup of version 2 that the child starts in
/// (CLONE_INTO_CGROUP), -1 for the caller's own.
[[nodiscard]] Cloned clone3(std::uint64_t namespaces, int group = -1);
void unshare(int namespaces);
/// Joins the namespace of that kind (CLONE_NEW…) that `space` is open on.
void setns(int space, int kind);

struct Waited {
    pid_t pid = 0;
    int status = 0; ///< as wait(2) tells it
    rusage usage = {};
};
/// Waits for one child (-1: any). Nothing where there is no child left (ECHILD).
[[nodiscard]] std::optional<Waited> wait4(pid_t pid);
void kill(pid_t pid, int number);

/// PR_SET_PDEATHSIG with SIGKILL. A change of ids clears it: call again after one.
void set_parent_death_signal();
/// PR_SET_DUMPABLE: whether /proc/self belongs to this process's ids, and peers may trace it.
void set_dumpable(bool dumpable);
void set_no_new_privileges();
/// Returns nothing: it cannot fail.
void umask(mode_t mask) noexcept;
/// A new session without a terminal.
void setsid();

[[nodiscard]] rlimit getrlimit(__rlimit_resource resource);
void setrlimit(__rlimit_resource resource, const rlimit& limit);

void sethostname(const std::string& name);
void setdomainname(const std::string& name);

void chdir(const std::string& path);
void fchdir(int directory);
/// And into it: chroot(2) alone leaves the working directory outside.
void chroot(const std::string& path);
/// PER_LINUX32 (personality(2)): uname(2) tells of a 32-bit machine.
void personality_of_32_bits();
/// As the kernel tells it: begins with "(unreachable)" when it lies outside the root.
[[nodiscard]] std::string getcwd();
/// The new descriptor has no O_CLOEXEC.
void dup2(int from, int to);
void dup3(int from, int to, int flags);
/// Closes from `first` to `last`, both included.
void close_range(unsigned first, unsigned last);

/// Returns only where it fails: the error number.
[[nodiscard]] int execve(const char* path, char* const* arguments, char* const* environment);

} // namespace caisson::sandbox::sys

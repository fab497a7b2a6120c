// Whether the namespaces of chamber and cells can be made, and ids mapped into them.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/features.hh"
#include "sandbox/host/attempt.hh"
#include "sandbox/host/checks.hh"
#include "sandbox/sys/process.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace caisson::sandbox {
namespace {

struct Kind {
    int flag;
    const char* name;
};
constexpr Kind kKinds[] = {{CLONE_NEWNS, "mount"},
                           {CLONE_NEWPID, "pid"},
                           {CLONE_NEWNET, "network"},
                           {CLONE_NEWIPC, "ipc"},
                           {CLONE_NEWUTS, "uts"},
                           {CLONE_NEWCGROUP, "cgroup"}};

constexpr const char* kPrograms[] = {"/usr/bin/newuidmap", "/usr/bin/newgidmap"};

/// Setuid root, or with capabilities of its own: as distributions ship it.
bool gains_privilege(const char* program, const struct stat& status)
{
    if (status.st_uid == 0 && (status.st_mode & S_ISUID) != 0) return true;
    return ::getxattr(program, "security.capability", nullptr, 0) > 0;
}

bool may_gain_nothing()
{
    return read_all(open_file("/proc/self/status", O_RDONLY).get(), 1U << 16, "status")
               .find("NoNewPrivs:\t1") != std::string::npos;
}

} // namespace

Finding check_user_namespaces(const HostView& host)
{
    return find_by_attempt(
        host, [] { sys::unshare(CLONE_NEWUSER); }, user_namespace_hint());
}

Finding check_nested_user_namespaces(const HostView& host)
{
    return find_by_attempt(
        host,
        [] {
            become_root_of_namespace();
            sys::unshare(CLONE_NEWUSER);
        },
        user_namespace_hint());
}

Finding check_other_namespaces(const HostView& host)
{
    Finding finding;
    for (const Kind& kind : kKinds) {
        const auto failure = attempt(host, [&kind] {
            become_root_of_namespace();
            sys::unshare(kind.flag);
        });
        if (!failure) continue;
        finding.status = Finding::Status::kMissing;
        finding.detail +=
            (finding.detail.empty() ? "" : "; ") + std::string(kind.name) + ": " + *failure;
        finding.hint = "a limit of user.max_*_namespaces, or a kernel without them";
    }
    return finding;
}

Finding check_id_programs(const HostView& host)
{
    if (host.ids) return {.detail = "root maps ids itself"};
    for (const char* program : kPrograms) {
        struct stat status = {};
        if (::stat(program, &status) != 0)
            return {Finding::Status::kMissing,
                    std::string("\"") + program + "\" is not there",
                    "install the package uidmap"};
        if (!gains_privilege(program, status))
            return {Finding::Status::kMissing,
                    std::string("\"") + program + "\" has no privilege",
                    "it must be setuid root: install the package uidmap again"};
    }
    if (may_gain_nothing())
        return {Finding::Status::kMissing,
                "no_new_privs is set: a program that is setuid gains nothing",
                "start caisson from where it is not, or as root"};
    return {};
}

} // namespace caisson::sandbox

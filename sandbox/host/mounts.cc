// Whether what cells mount can be mounted, in a user namespace as theirs.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/host/attempt.hh"
#include "sandbox/host/checks.hh"
#include "sandbox/host_path.hh"
#include "sandbox/sys/file_system.hh"
#include "sandbox/sys/identity.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

#include <csignal>
#include <sched.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr unsigned kClosed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

constexpr const char* kMerged = "/mnt";

/// Directories for an overlay where the store's trees would lie.
struct OverlayParts {
    UniqueFd here;
    std::string name;

    [[nodiscard]] std::string path(const std::string& part) const { return name + "/" + part; }
};

OverlayParts make_overlay_parts()
{
    OverlayParts parts{.here = open_file(".", O_RDONLY | O_DIRECTORY),
                       .name = "check." + std::to_string(::getpid())};
    sys::mkdirat(parts.here.get(), parts.name, 0755);
    for (const char* part : {"lower", "second", "upper", "work", "lower/directory"})
        sys::mkdirat(parts.here.get(), parts.path(part), 0755);
    for (const char* file : {"lower/changed", "lower/removed"})
        (void)sys::create_file(parts.here.get(), parts.path(file), 0644);
    return parts;
}

/// As a step does: changes, removes and adds.
void use_overlay()
{
    const UniqueFd merged = open_file(kMerged, O_RDONLY | O_DIRECTORY);
    write_all(open_file_at(merged.get(), "changed", O_WRONLY | O_APPEND).get(), "x");
    sys::unlinkat(merged.get(), "removed", 0);
    (void)sys::create_file(merged.get(), "directory/added", 0644);
    if (sys::fstatat(merged.get(), "removed"))
        throw Error(ErrorKind::kHost, "a removed file is still there");
}

/// Runs `trial` in a child with an overlay's parts. They are removed by its parent, which is root
/// of the same namespace and mounts nothing.
Finding try_overlay(const HostView& host,
                    const std::function<void(const OverlayParts&)>& trial,
                    const char* hint)
{
    const bool in_memory = lies_on_overlay(host.trees);
    // the trees are reached by the working directory, which namespaces and ids leave alone
    sys::fchdir(host.trees);
    Finding finding = find_by_attempt(
        host,
        [&] {
            become_root_of_namespace();
            if (in_memory) sys::chdir("/tmp");
            const OverlayParts parts = make_overlay_parts();
            const auto failure = attempt({}, [&] {
                sys::unshare(CLONE_NEWNS);
                trial(parts);
            });
            remove_tree(parts.here.get(), parts.name);
            if (failure) throw Error(ErrorKind::kHost, *failure);
        },
        hint);
    sys::chdir("/");
    return finding;
}

/// A child that is root of a user namespace with the chamber's ids, until it is killed.
class NamespaceHolder {
public:
    explicit NamespaceHolder(const FirstIds& ids)
    {
        auto [ready, made] = make_pipe();
        pid_ = sys::fork();
        if (pid_ == 0) {
            sys::set_parent_death_signal();
            sys::setresgid(ids.group);
            sys::setresuid(ids.user);
            sys::unshare(CLONE_NEWUSER);
            write_all(made.get(), "m");
            for (;;)
                ::pause();
        }
        made.reset();
        char word = 0;
        if (::read(ready.get(), &word, 1) != 1)
            throw Error(ErrorKind::kHost, "no user namespace could be made");
    }
    ~NamespaceHolder()
    {
        ::kill(pid_, SIGKILL);
        (void)sys::wait4(pid_);
    }
    NamespaceHolder(const NamespaceHolder&) = delete;
    NamespaceHolder& operator=(const NamespaceHolder&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_ = -1;
};

} // namespace

Finding check_mount_calls(const HostView& host)
{
    return find_by_attempt(
        host,
        [] {
            become_root_of_namespace();
            const UniqueFd made = sys::make_file_system("tmpfs", {{"mode", "0755"}}, kClosed);
            sys::move_mount(made.get(), "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH);
            const UniqueFd clone = sys::open_tree(AT_FDCWD, "/mnt", OPEN_TREE_CLONE);
            sys::mount_setattr(clone.get(), "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY);
        },
        "a newer kernel, or one whose mount API no filter refuses: is this a container?");
}

Finding check_overlay(const HostView& host)
{
    return try_overlay(
        host,
        [](const OverlayParts& parts) {
            const std::string options = "userxattr,lowerdir=" + parts.path("lower") +
                                        ",upperdir=" + parts.path("upper") +
                                        ",workdir=" + parts.path("work");
            sys::mount("overlay", kMerged, "overlay", 0, options.c_str());
            use_overlay();
        },
        "load the module overlay; the store must lie on a disk with user extended attributes");
}

Finding check_overlay_layers(const HostView& host)
{
    Finding finding = try_overlay(
        host,
        [](const OverlayParts& parts) {
            const UniqueFd context = sys::fsopen("overlay");
            sys::fsconfig_flag(context.get(), "userxattr");
            for (const char* layer : {"second", "lower"})
                sys::fsconfig_string(context.get(), "lowerdir+", parts.path(layer));
            if (!sys::try_fsconfig_create(context.get()))
                throw Error(ErrorKind::kHost, "the kernel takes no layer by itself");
        },
        "");
    if (finding.status == Finding::Status::kMissing) finding.status = Finding::Status::kDegraded;
    return finding;
}

Finding check_procfs(const HostView& host)
{
    return find_by_attempt(
        host,
        [] {
            become_root_of_namespace();
            sys::unshare(CLONE_NEWPID);
            // a procfs is of the pid namespace that its maker lives in
            const auto failure = attempt({}, [] {
                (void)sys::make_file_system("proc", {{"hidepid", "ptraceable"}}, kClosed);
            });
            if (failure) throw Error(ErrorKind::kHost, *failure);
        },
        "in a container whose own /proc is masked the kernel gives no fresh one: start it with an "
        "unmasked /proc (docker run --security-opt systempaths=unconfined)");
}

Finding check_device_nodes(const HostView&)
{
    std::string missing;
    for (const char* name : kDeviceNames) {
        const auto node = sys::fstatat(AT_FDCWD, std::string("/dev/") + name);
        if (!node || !S_ISCHR(node->st_mode)) missing += std::string(" /dev/") + name;
    }
    if (missing.empty()) return {};
    return {Finding::Status::kMissing, "no device:" + missing, "mount a full /dev here"};
}

Finding check_owner_maps(const HostView& host)
{
    if (!host.ids)
        return {.status = Finding::Status::kDegraded,
                .detail = "only root may: files of the host belong to nobody in `caisson run`"};
    const auto failure = attempt({.trees = host.trees}, [&host] {
        const NamespaceHolder holder(*host.ids);
        const std::string proc = "/proc/" + std::to_string(holder.pid());
        for (const auto& [map, first] :
             {std::pair("/uid_map", host.ids->user), std::pair("/gid_map", host.ids->group)})
            write_all(open_file(proc + map, O_WRONLY).get(),
                      "0 " + std::to_string(first) + " 65536");
        const UniqueFd mount = clone_host_path({.path = host.trees, .name = "the store"});
        if (!show_owners(mount.get(), holder.pid()))
            throw Error(ErrorKind::kHost, "the store's file system cannot");
    });
    if (!failure) return {};
    return {Finding::Status::kDegraded, *failure, "ext4, xfs, btrfs and newer kernels' tmpfs can"};
}

} // namespace caisson::sandbox

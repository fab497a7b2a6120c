// The chamber's own walls, in order. They differ from a cell's (cell/setup.cc) in that the chamber
// keeps every capability in its user namespace: it mounts trees and clones cells.
#include "sandbox/chamber/enter.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/chamber/handshake.hh"
#include "sandbox/chamber/layout.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/host_path.hh"
#include "sandbox/messages.hh"
#include "sandbox/sys/file_system.hh"
#include "sandbox/sys/identity.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

#include <array>
#include <cerrno>
#include <linux/magic.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <vector>

namespace caisson::sandbox {
namespace {

/// Host root must not be the creator of the namespace either: the kernel exempts it from
/// RLIMIT_NPROC (kernel/fork.c, copy_process).
void leave_host_root(const std::optional<FirstIds>& ids)
{
    if (!ids) {
        if (::geteuid() == 0) throw Error(ErrorKind::kInternal, "started as root without ids");
        return;
    }
    sys::setgroups({});
    sys::setresgid(ids->group);
    sys::setresuid(ids->user);
}

/// Whatever the chamber starts from here on is in its cgroups, too.
void join_cgroups(const std::vector<UniqueFd>& tasks)
{
    for (const UniqueFd& group : tasks)
        write_all(group.get(), "0"); // whoever writes
}

/// What the runner hands over until the ids are mapped. From host root these are mounts already; a
/// user's are made here, by a process that still is that user for every file of the host: beneath
/// the ids that it takes on next, no private directory of theirs could be passed.
std::vector<UniqueFd> receive_host_paths(const Channel& runner, bool from_root)
{
    std::vector<HostPath> paths;
    std::vector<UniqueFd> descriptors;
    for (;;) {
        auto message = runner.receive();
        if (!message) throw Error(ErrorKind::kHost, "the runner did not map the ids");
        if (message->text == kMapped) {
            join_cgroups(message->descriptors);
            break;
        }
        paths.push_back(host_path_from_json(nlohmann::json::parse(message->text)));
        descriptors.push_back(std::move(message->descriptors.at(0)));
    }
    if (from_root || paths.empty()) return descriptors;
    sys::unshare(CLONE_NEWNS);
    sys::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    std::vector<UniqueFd> mounts;
    for (std::size_t index = 0; index < paths.size(); ++index) {
        const UniqueFd here = open_here(descriptors[index].get(), O_PATH);
        paths[index].path = here.get();
        mounts.push_back(clone_host_path(paths[index]));
    }
    return mounts;
}

std::vector<UniqueFd> make_user_namespace(const Channel& runner, bool from_root)
{
    sys::unshare(CLONE_NEWUSER);
    runner.send(kUnshared);
    std::vector<UniqueFd> host_paths = receive_host_paths(runner, from_root);
    // neither the invoker's supplementary groups (CVE-2022-2989) nor its keys come along
    sys::join_new_session_keyring();
    sys::setgroups({});
    sys::setresgid(0);
    sys::setresuid(0);
    sys::set_parent_death_signal();
    return host_paths;
}

/// The child is pid 1: killing it ends every cell and worker at once. The parent only waits; each
/// dies with the other.
void become_first_process()
{
    // no cgroup namespace: in one of its own the chamber could mount the tree of cgroups, and it
    // could not clone a cell into a group beside its own (nsdelegate, cgroup-v2.rst)
    sys::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID);
    const pid_t first = sys::fork();
    if (first == 0) return sys::set_parent_death_signal();
    sys::close_range(0, ~0U);
    const auto ended = sys::wait4(first);
    ::_exit(ended && ended->status == 0 ? 0 : 1);
}

UniqueFd clone_device(const std::string& name)
{
    const std::string path = "/dev/" + name;
    UniqueFd node = sys::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
    if (!S_ISCHR(sys::fstat(node.get()).st_mode))
        throw Error(ErrorKind::kHost, "\"" + path + "\" is no device");
    sys::mount_setattr(node.get(), "", AT_EMPTY_PATH, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    return node;
}

void attach(int mount, int root, const std::string& path)
{
    if (S_ISDIR(sys::fstat(mount).st_mode))
        sys::mkdirat(root, path.substr(1), 0755);
    else
        (void)sys::create_file(root, path.substr(1), 0644);
    sys::move_mount(mount, "", root, path.c_str() + 1, MOVE_MOUNT_F_EMPTY_PATH);
}

/// Where the trees lie: in the store. overlayfs cannot be the upper layer of another, and every CI
/// container's disk is one: there they lie in memory for as long as the chamber lives, and what is
/// kept are the layers' blobs.
UniqueFd mount_of_trees(std::uint64_t memory_bytes)
{
    constexpr unsigned kTreeAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    struct statfs status = {};
    if (::statfs(".", &status) != 0) throw SysError(errno, "statfs");
    if (status.f_type == OVERLAYFS_SUPER_MAGIC)
        return sys::make_file_system(
            "tmpfs", {{"mode", "0755"}, {"size", std::to_string(memory_bytes)}}, kTreeAttributes);
    // the working directory is the one handle on the trees that unshare carried into this mount
    // namespace: with subordinate ids no path leads there
    UniqueFd trees = sys::open_tree(AT_FDCWD, ".", OPEN_TREE_CLONE | AT_RECURSIVE);
    sys::mount_setattr(trees.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, kTreeAttributes);
    return trees;
}

/// Everything that is taken along is held by descriptor before the first path changes its meaning.
void enter_root(const std::vector<UniqueFd>& host_paths, std::uint64_t memory_bytes)
{
    sys::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    const UniqueFd trees = mount_of_trees(memory_bytes);
    std::vector<UniqueFd> nodes;
    for (const char* name : kDeviceNames)
        nodes.push_back(clone_device(name));
    constexpr unsigned kClosed = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    const UniqueFd procfs = sys::make_file_system("proc", {}, kClosed);
    const UniqueFd empty =
        sys::make_file_system("tmpfs", {{"mode", "0555"}}, kClosed | MOUNT_ATTR_RDONLY);
    const UniqueFd root =
        sys::make_file_system("tmpfs", {{"mode", "0755"}, {"size", "1m"}}, kClosed);

    sys::move_mount(root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
    attach(trees.get(), root.get(), kTreesPath);
    attach(procfs.get(), root.get(), "/proc");
    attach(empty.get(), root.get(), kEmptyPath);
    for (const char* path : {kDevicesPath,
                             kCellPath,
                             kWaitingDevicesPath,
                             kWaitingProcfsPath,
                             kScratchPath,
                             kHostPath})
        sys::mkdirat(root.get(), path + 1, 0755);
    for (std::size_t index = 0; index < nodes.size(); ++index)
        attach(nodes[index].get(),
               root.get(),
               kDevicesPath + ("/" + std::string(kDeviceNames[index])));
    for (std::size_t index = 0; index < host_paths.size(); ++index)
        attach(host_paths[index].get(), root.get(), kHostPath + ("/" + std::to_string(index)));

    sys::fchdir(root.get());
    sys::pivot_root(".", ".");
    sys::umount2(".", MNT_DETACH);
    sys::chdir("/");
    // From here on no path of the host resolves but the trees' and the host paths'.
}

} // namespace

void enter_chamber(const Channel& runner,
                   int trees,
                   std::uint64_t memory_bytes,
                   const std::optional<FirstIds>& ids,
                   const ChamberScope& scope)
{
    sys::setsid(); // an interrupt typed at the terminal is the runner's to handle
    sys::umask(022);
    sys::fchdir(trees);
    leave_host_root(ids);
    sys::set_parent_death_signal(); // after the change of ids, which clears it
    const std::vector<UniqueFd> host_paths = in_context(
        "make user namespace", [&] { return make_user_namespace(runner, ids.has_value()); });
    sys::set_no_new_privileges(); // newuidmap is done
    in_context("make namespaces", [] { become_first_process(); });
    in_context("enter root", [&] { enter_root(host_paths, memory_bytes); });
    // No Landlock here: every ruleset denies LANDLOCK_ACCESS_FS_REFER that does not allow it for a
    // directory (Documentation/userspace-api/landlock.rst), so one of scopes or ports alone would
    // take links and renames from one directory to another from all cells and workers; and one that
    // allows it would forbid mount(). Scopes would add nothing: no process and no abstract socket
    // of the host is in our pid and network namespaces.
    sys::sethostname("chamber");
    sys::set_dumpable(false);
    seccomp_set_filter(chamber_filter(scope)); // after the keyring that it left, which it forbids
}

} // namespace caisson::sandbox

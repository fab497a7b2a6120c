#include "sandbox/host_path.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/sys/mount.hh"

#include <cerrno>
#include <fcntl.h>
#include <string>

namespace caisson::sandbox {

UniqueFd clone_host_path(const HostPath& host)
try {
    const unsigned whole = host.layer ? 0U : static_cast<unsigned>(AT_RECURSIVE);
    UniqueFd mount = sys::open_tree(host.path, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | whole);
    const unsigned read_only = host.writable ? 0U : MOUNT_ATTR_RDONLY;
    // private: a clone is a peer of its original, and what is mounted in one appears in the other
    sys::mount_setattr(mount.get(),
                       "",
                       AT_EMPTY_PATH | whole,
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | read_only,
                       0,
                       MS_PRIVATE);
    return mount;
} catch (SysError& error) {
    // an unprivileged mount namespace may not look below the mounts it was given (open_tree(2))
    if (host.layer && error.number() == EINVAL)
        throw Error(ErrorKind::kInput,
                    "\"" + host.name + "\": another file system is mounted below it",
                    "give a directory without, or an image");
    error.add_context("\"" + host.name + "\"");
    throw;
}

bool show_owners(int mount, pid_t pid)
{
    const UniqueFd ids = open_file("/proc/" + std::to_string(pid) + "/ns/user", O_RDONLY);
    return sys::try_map_mount_ids(mount, ids.get());
}

} // namespace caisson::sandbox

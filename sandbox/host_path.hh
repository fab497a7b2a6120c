#pragma once

#include "sandbox/base/unique_fd.hh"

#include <string>
#include <sys/types.h>

namespace caisson::sandbox {

/// A file or directory of the host that the chamber takes along for the plans whose `binds` name it
/// (`caisson run`). A build has none.
struct HostPath {
    int path = -1;         ///< borrowed; O_PATH will do
    std::string name;      ///< as the caller gave it, printable; for errors
    bool writable = false; ///< else read-only, for the chamber too
    /// As the lowest layer of a root: overlayfs takes no directory below which something is
    /// mounted, and shows nothing of it. Else what is mounted below comes along.
    bool layer = false;
};

/// What `host` is open on as a mount of its own, attached nowhere: private, nosuid, nodev,
/// read-only unless writable. Needs CAP_SYS_ADMIN over the caller's mount namespace.
[[nodiscard]] UniqueFd clone_host_path(const HostPath& host);

/// Shows the owners of what is in a mount of clone_host_path() as the same numbers inside the user
/// namespace of `pid`. Needs privilege over the file system: host root. False where the file system
/// cannot do it; then what is there belongs to nobody inside.
[[nodiscard]] bool show_owners(int mount, pid_t pid);

} // namespace caisson::sandbox

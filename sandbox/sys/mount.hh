#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/mount.h>

/// The mount calls, old and new: mount(2), pivot_root(2), fsopen(2) and its family. One call a
/// function, in the call's own argument order; SysError where it is refused. The kernel's reasons,
/// which fsopen's family keeps in a log, are part of the error.
namespace caisson::sandbox::sys {

void mount(const char* source,
           const char* target,
           const char* type,
           unsigned long flags,
           const char* data);
/// A bind mount over a path that may be missing: false where it is.
[[nodiscard]] bool bind_if_there(const char* source, const char* target);
void umount2(const char* target, int flags);
void pivot_root(const char* new_root, const char* put_old);

/// A detached mount as an owned descriptor (OPEN_TREE_CLOEXEC is added).
[[nodiscard]] UniqueFd open_tree(int directory, const char* path, unsigned flags);
void move_mount(int from, const char* from_path, int to, const char* to_path, unsigned flags);
/// Sets and clears MOUNT_ATTR_… of a mount, with AT_RECURSIVE of those below it too.
void mount_setattr(int directory,
                   const char* path,
                   unsigned flags,
                   std::uint64_t set,
                   std::uint64_t clear = 0,
                   std::uint64_t propagation = 0);
/// MOUNT_ATTR_IDMAP, for a detached mount and those below it: owners on disk are read as ids inside
/// `user_namespace`. False where the file system or its owner refuses (EINVAL, EPERM): for probing.
[[nodiscard]] bool try_map_mount_ids(int mount, int user_namespace);

/// A context for a new superblock of `type`.
[[nodiscard]] UniqueFd fsopen(const char* type);
void fsconfig_string(int context, const char* key, const std::string& value);
/// False where the kernel does not know the key (EINVAL): for probing.
[[nodiscard]] bool try_fsconfig_string(int context, const char* key, const std::string& value);
void fsconfig_flag(int context, const char* key);
/// Makes the superblock; false where the options together are refused (EINVAL): for probing.
[[nodiscard]] bool try_fsconfig_create(int context);
/// `attributes`: MOUNT_ATTR_….
[[nodiscard]] UniqueFd fsmount(int context, unsigned attributes);

} // namespace caisson::sandbox::sys

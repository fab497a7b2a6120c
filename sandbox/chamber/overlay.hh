#pragma once

#include "sandbox/base/unique_fd.hh"

#include <string>
#include <vector>

namespace caisson::sandbox {

// A tree `<id>` of the store is a directory `trees/<id>` with `fs/` (its files) and, while it is an
// overlay's upper directory, `work/`.

/// Makes `trees/<id>/fs` (0755, owned by root of the namespace) and `work/`.
void make_tree(int trees, const std::string& id);

/// Removes `work/` of a tree that will not be an upper directory again: before it is frozen.
void remove_work(int trees, const std::string& id);

/// Whether a tree holds no file at all.
[[nodiscard]] bool is_empty_tree(int trees, const std::string& id);

/// Whether this directory lies on overlayfs, which cannot be the upper layer of another.
[[nodiscard]] bool lies_on_overlay(int directory);

/// Whether the file system below `trees` can hold the upper directory of an overlay with
/// user.overlay attributes; if not, an Error of kind kHost that says where the store should go.
void check_trees(int trees);

/// What a descriptor of before unshare(CLONE_NEWNS) is open on, opened again by its path: the old
/// one leads to mounts of the old namespace, of which nothing may be cloned. Where something else
/// lies at that path by now, an Error.
[[nodiscard]] UniqueFd open_here(int fd, int flags);

/// The directory of trees by its path, and opened again by that path: a descriptor that was opened
/// before unshare(CLONE_NEWNS) leads to mounts of the old namespace, which the new one may not use.
struct TreesHere {
    std::string path;
    UniqueFd directory;
};
[[nodiscard]] TreesHere trees_here(int trees);

/// Mounts the merged view of `lowers` (topmost first, may be empty) with `upper` (empty: read-only)
/// and moves it to `target` (an existing directory, absolute path). userxattr, nosuid, nodev;
/// metacopy and redirects off. An upper tree may be mounted again, but not twice at a time. A
/// single tree, alone as a lower or as an upper, is a bind mount (a read-only one if it is a
/// lower); no tree at all is an empty, read-only directory. `bottom`: path of a directory that is
/// no tree and lies below all that are; empty: none. Needs CAP_SYS_ADMIN in the namespace that owns
/// the caller's mounts, and /proc; changes the working directory: for a process of its own.
void mount_tree(int trees,
                const std::vector<std::string>& lowers,
                const std::string& upper,
                const char* target,
                const std::string& bottom = {});

} // namespace caisson::sandbox

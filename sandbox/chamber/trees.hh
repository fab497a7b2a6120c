#pragma once

#include "sandbox/launch.hh"

#include <cstdint>
#include <string>

namespace caisson::sandbox {

// What workers do with trees. Each function runs in a worker that is already pivoted into the one
// tree it may touch (chamber/worker.hh); `root` is that tree's root directory, borrowed. Every path
// is resolved beneath it by openat2; every archive entry is hostile.

/// A layer into a tree, whiteouts turned into overlayfs's own (char 0:0, user.overlay.opaque).
TreeStats unpack_layer(int root, int input);
/// A tar of ours, or an ADDed archive, into a merged view, with COPY's rules.
TreeStats receive_files(int root, const ReceiveOptions& options, int input);
/// (Part of) a merged view as tar.
TreeStats collect_files(int root, const CollectOptions& options, int output);
/// Clamps every time of a tree.
TreeStats freeze_tree(int root, std::int64_t epoch);
/// A frozen upper tree as an OCI layer: sorted, overlayfs's whiteouts as `.wh.` files.
TreeStats pack_layer(int root, std::int64_t epoch, int output);
/// Removes `name` below `parent` with all it holds, never crossing a link or a mount.
void remove_tree(int parent, const std::string& name);

} // namespace caisson::sandbox

#pragma once

#include "sandbox/launch.hh"

#include <cstdint>
#include <string>

namespace caisson::sandbox {

// What workers do with trees. Each function runs in a worker that is already pivoted into the one
// tree it may touch (chamber/worker.hh); `root` is that tree's root directory, borrowed. Every path
// is resolved beneath it by openat2; every archive entry is hostile. Readers of an `input` read it
// to its end, so that whoever writes it comes to his end too.

/// A layer into a merged view whose upper directory is the new tree (or into the raw tree where
/// there are no lower ones). Whiteouts are removals in that view. `most_bytes` as in
/// ReceiveOptions.
TreeStats unpack_layer(int root, int input, std::uint64_t most_bytes = ~std::uint64_t{0});
/// A tar of ours, or an ADDed archive, into a merged view, with COPY's rules. With
/// `options.archive`, bytes that are no archive write nothing and give `archive == false`.
TreeStats receive_files(int root, const ReceiveOptions& options, int input);
/// (Part of) a merged view as tar, as receive_files takes it. A pattern that matches nothing is an
/// Error of kind kInput; a reader of `output` that goes away is none.
TreeStats collect_files(int root, const CollectOptions& options, int output);
/// Every time of a raw tree to whole seconds, and to `epoch` where it is later (-1: not).
TreeStats freeze_tree(int root, std::int64_t epoch);
/// A frozen raw tree as an OCI layer: sorted, overlayfs's whiteouts as `.wh.` files, times as
/// freeze_tree has them.
TreeStats pack_layer(int root, std::int64_t epoch, int output);
/// Removes `name` below `parent` with all it holds, never crossing a link or a mount. A name that
/// is not there is fine.
void remove_tree(int parent, const std::string& name);
/// A tar of ours into the empty directory `root`, as the calling user: owners and attributes are
/// left out, set-id bits dropped (type=local).
TreeStats extract_plain(int root, int input);

} // namespace caisson::sandbox

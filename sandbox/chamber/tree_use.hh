#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace caisson::sandbox {

/// What a tree takes on its file system.
struct TreeUse {
    std::uint64_t bytes = 0; ///< blocks, not lengths: a hole takes nothing
    std::uint64_t files = 0; ///< inodes
    bool whole = true;       ///< false: it changed under the eyes of who counted, or there was more
                             ///< than the caller wanted to know
};

/// Counts a directory with all that is in it, itself left out. Stops early once it is past `most`.
/// Never follows a link or crosses a mount; any depth. The tree may change meanwhile and may be
/// hostile.
[[nodiscard]] TreeUse count_tree(int root, const TreeUse& most);

/// What a file system has left.
struct Space {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    bool counts_files = true; ///< btrfs does not
    bool prompt = true; ///< it tells at once, and not when it next writes its books (btrfs, zfs)
};
[[nodiscard]] Space space_left(int directory);

} // namespace caisson::sandbox

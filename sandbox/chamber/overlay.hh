#pragma once

#include <string>
#include <vector>

namespace caisson::sandbox {

// A tree `<id>` of the store is a directory `trees/<id>` with `fs/` (its files) and, while it is an
// overlay's upper directory, `work/`.

/// Makes `trees/<id>/fs` (0755, owned by root of the namespace) and `work/`.
void make_tree(int trees, const std::string& id);

/// Mounts the merged view of `lowers` (topmost first, may be empty) with `upper` (empty: read-only)
/// and moves it to `target` (an existing directory). userxattr, nosuid, nodev; metacopy and
/// redirect off. With one lower and no upper it is a read-only bind mount. Needs CAP_SYS_ADMIN in
/// the namespace that owns the caller's mounts.
void mount_tree(int trees,
                const std::vector<std::string>& lowers,
                const std::string& upper,
                const char* target);

} // namespace caisson::sandbox

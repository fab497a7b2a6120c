#pragma once

#include "runner/request.hh"

#include <string>
#include <vector>

namespace caisson::runner {

/// The root of a cell that was given none: the programs of this host, as `bwrap --ro-bind /usr
/// /usr` with the links to it has them, on a tree of its own with the usual directories and two
/// users.
struct HostRoot {
    std::string skeleton;           ///< that tree as plain tar; the same bytes on the same host
    std::vector<BindRequest> binds; ///< read-only
};

[[nodiscard]] HostRoot host_root();

} // namespace caisson::runner

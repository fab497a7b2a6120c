#pragma once

#include <linux/filter.h>
#include <vector>

namespace caisson::sandbox {

/// What a build asks of a chamber beyond the usual.
struct ChamberScope {
    bool i386 = false;        ///< cells of linux/386 images
    bool below_floor = false; ///< the policy accepts a part of the floor (policies/floor.hh)
};

/// The chamber's own filter, which everything below it inherits. It holds every capability of its
/// user namespace, so what this keeps from it is what neither its work nor any cell needs: the
/// kernel's machinery, the host's, every socket family and netlink protocol that no cell has. The
/// mount API, namespaces and ptrace are left to it. With `i386` calls of that table are let
/// through, socketcall(2) among them; with `below_floor` sockets and keys are the cells' filters'
/// matter.
[[nodiscard]] std::vector<sock_filter> chamber_filter(const ChamberScope& scope);

} // namespace caisson::sandbox

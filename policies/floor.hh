#pragma once

#include "policies/syscall_entry.hh"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::policies {

/// A part of the floor: what no cell is given, whatever its policy's groups or profile say. The
/// entries of all parts are asked before any other, and each refuses. A policy that runs a profile
/// of Docker's form lifts a part that has a permission by naming it:
///
///     "seccomp": {"profile": "app.json", "i_accept_kernel_crypto_sockets": true}
///
/// It is then up to the profile; the statement holds the permission, plan and output show it. A
/// part without one stays refused: with it, other walls would not hold (io_uring passes below the
/// filter, a mount replaces a mask). Not in the file since no rule on a call is needed for them:
/// calls of another architecture and of x32, and numbers that are newer than any known.
struct FloorPart {
    SyscallGroup group;
    std::string permission; ///< "i_accept_…", or "": none
};

/// policies/floor.json, in its order.
[[nodiscard]] const std::vector<FloorPart>& floor_parts();

/// Every "i_accept_…" that a policy may hold.
[[nodiscard]] std::vector<std::string_view> floor_permissions();

/// The entries of all parts, less those whose permission is among `accepted`.
[[nodiscard]] std::vector<SyscallEntry> floor_entries(std::span<const std::string> accepted);

} // namespace caisson::policies

#pragma once

#include "sandbox/base/unique_fd.hh"

namespace caisson::sandbox {

/// A network namespace for one cell: nothing but a loopback that is up, on which any port may be
/// bound, as in containers elsewhere. It belongs to the chamber's user namespace, so nobody in the
/// cell has a privilege over it. 0.6 ms: made ahead, while the step before runs. For a
/// single-threaded process that is root of its user namespace.
[[nodiscard]] UniqueFd make_cell_network();

} // namespace caisson::sandbox

#pragma once

#include "sandbox/seccomp/filter.hh"

#include <string>

namespace caisson::sandbox {

/// Compiles to a BPF program (struct sock_filter, as they lie in memory): a binary tree over the
/// numbers of each architecture, and below a call that looks at its arguments one over their
/// values. A call whose answer hangs on no argument is decided by number alone, so that the kernel
/// (5.11) remembers it and does not run the program at all. A name that no architecture has, or an
/// argument that no call has, is an Error of kind kUsage; a rule for a call that this architecture
/// lacks says nothing.
[[nodiscard]] std::string compile_seccomp(const SeccompFilter& filter);

} // namespace caisson::sandbox

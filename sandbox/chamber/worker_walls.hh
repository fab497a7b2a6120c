#pragma once

namespace caisson::sandbox {

/// Raises a worker's walls for good: capabilities cut to what files need, no_new_privs, Landlock to
/// the root directory (where the kernel has it), a system-call filter with only what reading and
/// writing files takes. To be called last, inside the new root. A wall that cannot be raised is an
/// Error of kind kHost.
void raise_worker_walls();

} // namespace caisson::sandbox

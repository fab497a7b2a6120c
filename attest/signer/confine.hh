#pragma once

namespace caisson::attest {

/// Closes the ways to this process's memory before the key enters it: no ptrace or /proc/…/mem by
/// processes of the same user, no core file, no new privileges. A step that fails is an Error.
void close_memory();

/// Gives up all that signing does not need, once the key and the list are open: no file can be
/// opened, no socket made, no program started, no memory made executable. A step that fails is an
/// Error; only Landlock may be absent from the kernel, as the system call filter refuses the same.
void confine();

} // namespace caisson::attest

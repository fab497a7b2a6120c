#pragma once

namespace caisson::sandbox {

/// Raises a worker's walls for good: capabilities cut to what files need, no_new_privs, Landlock to
/// the root directory (where the kernel has it), a system-call filter with only what reading and
/// writing files takes. To be called last, inside the new root. A wall that cannot be raised is an
/// Error of kind kHost.
void raise_worker_walls();

/// The same for a process that writes files as the calling user, with no root of its own: the open
/// directory `destination` takes the root's place, and the user's capabilities, if any, stay.
void raise_writer_walls(int destination);

/// The same for a process that reads one open file and writes to pipes, with no root of its own: no
/// capability, no file by its path, a filter with little more than read and write.
void raise_reader_walls();

} // namespace caisson::sandbox

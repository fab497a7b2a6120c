#pragma once
// The areas of the set: one file each, in the order in which they run.

#include "tests/probes/attempt.hh"

namespace caisson::probes {

std::span<const Attempt> control_attempts();
std::span<const Attempt> namespace_attempts();
std::span<const Attempt> clone_attempts();
std::span<const Attempt> mount_attempts();
std::span<const Attempt> mount_call_attempts();
std::span<const Attempt> root_attempts();
std::span<const Attempt> inherited_attempts();
std::span<const Attempt> proc_read_attempts();
std::span<const Attempt> proc_tell_attempts();
std::span<const Attempt> proc_write_attempts();
std::span<const Attempt> sysfs_attempts();
std::span<const Attempt> device_attempts();
std::span<const Attempt> init_attempts();
std::span<const Attempt> process_attempts();
std::span<const Attempt> terminal_attempts();
std::span<const Attempt> family_attempts();
std::span<const Attempt> family_way_attempts();
std::span<const Attempt> netlink_attempts();
std::span<const Attempt> socket_option_attempts();
std::span<const Attempt> host_network_attempts();
std::span<const Attempt> kernel_attempts();
std::span<const Attempt> memory_attempts();
std::span<const Attempt> key_attempts();
std::span<const Attempt> identity_attempts();
std::span<const Attempt> gain_attempts();
std::span<const Attempt> limit_attempts();
std::span<const Attempt> exhaustion_attempts();
/// From here on these take little: half a gigabyte of memory, a gigabyte of disk, 20,000 files,
/// 5,000 processes.
void take_little();
std::span<const Attempt> shared_count_attempts();
std::span<const Attempt> clock_attempts();
std::span<const Attempt> file_attempts();

} // namespace caisson::probes

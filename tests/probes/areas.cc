#include "tests/probes/areas.hh"

namespace caisson::probes {

std::span<const std::span<const Attempt>> areas()
{
    // what is inherited first: in the cheap part one process makes all attempts, and leaves things
    // open
    static const std::array kAll = {
        inherited_attempts(),    root_attempts(),       namespace_attempts(),
        clone_attempts(),        mount_attempts(),      mount_call_attempts(),
        proc_read_attempts(),    proc_tell_attempts(),  proc_write_attempts(),
        sysfs_attempts(),        device_attempts(),     init_attempts(),
        process_attempts(),      terminal_attempts(),   family_attempts(),
        family_way_attempts(),   netlink_attempts(),    socket_option_attempts(),
        host_network_attempts(), kernel_attempts(),     memory_attempts(),
        key_attempts(),          identity_attempts(),   gain_attempts(),
        limit_attempts(),        exhaustion_attempts(), shared_count_attempts(),
        clock_attempts(),        file_attempts(),       control_attempts(),
    };
    return kAll;
}

} // namespace caisson::probes

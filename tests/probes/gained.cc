#include "tests/probes/gained.hh"

#include "tests/probes/kernel.hh"

#include <array>
#include <linux/capability.h>
#include <sys/syscall.h>

namespace caisson::probes {

int say_what_is_gained()
{
    if (call(SYS_geteuid) == 0) return kGainedRoot;
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> sets = {};
    if (call(SYS_capget, &header, sets.data()) < 0) return kCannotTell;
    return (sets[0].permitted | sets[1].permitted) != 0 ? kGainedCapabilities : kGainedNothing;
}

} // namespace caisson::probes

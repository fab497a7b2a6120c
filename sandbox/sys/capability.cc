#include "sandbox/sys/capability.hh"

#include "sandbox/base/error.hh"

#include <cerrno>
#include <linux/capability.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::sandbox::sys {

CapabilitySet capability(const std::string& name)
{
    cap_value_t number = 0;
    if (::cap_from_name(name.c_str(), &number) != 0)
        throw Error(ErrorKind::kUsage, "unknown capability \"" + name + "\"");
    return 1ULL << static_cast<unsigned>(number);
}

void capset(CapabilitySet set)
{
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct halves[2] = {};
    for (unsigned half = 0; half < 2; ++half) {
        halves[half].permitted = static_cast<std::uint32_t>(set >> (32 * half));
        halves[half].effective = halves[half].permitted;
    }
    // the ambient set loses what inheritable does not have: all of it
    if (::syscall(SYS_capset, &header, halves) != 0) throw SysError(errno, "capset");
}

void drop_bounding(CapabilitySet kept)
{
    // one call a capability, up to the newest that this kernel knows (it answers EINVAL past it)
    for (unsigned number = 0; number < 64; ++number) {
        if ((kept >> number & 1) != 0) continue;
        if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
        if (errno == EINVAL && number > CAP_LAST_CAP) return;
        throw SysError(errno, "prctl(PR_CAPBSET_DROP)");
    }
}

} // namespace caisson::sandbox::sys

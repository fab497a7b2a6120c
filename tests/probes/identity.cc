// Who the payload is: to the kernel, not to itself.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"
#include "tests/probes/surroundings.hh"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <linux/capability.h>
#include <string>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

/// The eleven that a build has (SECURITY.md).
constexpr std::uint64_t bit(unsigned capability)
{
    return 1ULL << capability;
}
constexpr std::uint64_t kOfBuild = bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) |
                                   bit(CAP_FSETID) | bit(CAP_KILL) | bit(CAP_SETGID) |
                                   bit(CAP_SETUID) | bit(CAP_SETPCAP) | bit(CAP_SETFCAP) |
                                   bit(CAP_SYS_CHROOT) | bit(CAP_NET_BIND_SERVICE);

/// The kernel's own files in /proc belong to the host's root; whoever sees them as root's has host
/// uid 0 in its map.
Finding own_host_root()
{
    struct stat entry = {};
    if (::stat("/proc/version", &entry) != 0 && ::stat("/proc/uptime", &entry) != 0)
        return absent_because("/proc is not there");
    if (entry.st_uid == 0) return open_because("the host's user 0 is in the map");
    return refused_because("the host's user 0 is seen as %u", entry.st_uid);
}

/// A set of /proc/self/status, by the name of its line.
Finding has_more_than_build(const char* name, std::uint64_t allowed)
{
    const std::string status = content_of("/proc/self/status");
    const std::size_t at = status.find(name);
    if (at == std::string::npos) return absent_because("/proc/self/status does not say");
    const std::uint64_t set =
        std::strtoull(status.c_str() + at + std::char_traits<char>::length(name) + 2, nullptr, 16);
    if ((set & ~allowed) != 0)
        return open_because("%s has %llx", name, static_cast<unsigned long long>(set & ~allowed));
    return refused_because("%s has no more", name);
}

Finding raise_administration()
{
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> sets = {};
    call(SYS_capget, &header, sets.data());
    sets[0].permitted |= 1U << CAP_SYS_ADMIN;
    sets[0].effective |= 1U << CAP_SYS_ADMIN;
    return judge(call(SYS_capset, &header, sets.data()), "capset");
}

/// Ambient needs permitted and inheritable (capabilities(7)).
Finding raise_ambient()
{
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> sets = {};
    call(SYS_capget, &header, sets.data());
    sets[0].inheritable |= 1U << CAP_SYS_ADMIN;
    call(SYS_capset, &header, sets.data());
    return judge(call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0),
                 "prctl(PR_CAP_AMBIENT_RAISE)");
}

Finding take_unmapped_user()
{
    // past 65,535 a build has no ids; on the host there is every one
    constexpr unsigned kFarAway = 3'000'000'000U;
    return judge(call(SYS_setresuid, kFarAway, kFarAway, kFarAway), "setresuid");
}

Finding speculate_indirectly()
{
    constexpr int kIndirectBranch = 1;
    const long state = call(SYS_prctl, PR_GET_SPECULATION_CTRL, kIndirectBranch, 0, 0, 0);
    if (state < 0) return judge(state, "prctl(PR_GET_SPECULATION_CTRL)");
    if ((state & (PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE)) != 0)
        return refused_because("indirect branch speculation is off");
    if (state == PR_SPEC_NOT_AFFECTED || state == PR_SPEC_ENABLE)
        return absent_because("this kernel offers no control of it");
    return open_because("indirect branches are predicted with other people's history");
}

constexpr Attempt kAttempts[] = {
    {"id.host_root",
     Severity::kMust,
     kCheap,
     "the host's user 0: its files, core_pattern, devices (CVE-2019-5736, CVE-2022-0492)",
     own_host_root},
    {"id.permitted",
     Severity::kMust,
     kCheap,
     "more capabilities than a build's eleven",
     [] { return has_more_than_build("CapPrm", kOfBuild); }},
    {"id.bounding",
     Severity::kMust,
     kCheap,
     "more that a program with file capabilities could have",
     [] { return has_more_than_build("CapBnd", kOfBuild); }},
    {"id.inheritable",
     Severity::kShould,
     kCheap,
     "capabilities that pass to a program of anybody's (CVE-2022-24769)",
     [] { return has_more_than_build("CapInh", 0); }},
    {"id.ambient",
     Severity::kShould,
     kCheap,
     "capabilities that pass to any program",
     [] { return has_more_than_build("CapAmb", 0); }},
    {"id.raise_administration",
     Severity::kMust,
     kCheap,
     "CAP_SYS_ADMIN, by asking",
     raise_administration},
    {"id.raise_ambient", Severity::kMust, kCheap, "the same for the next program", raise_ambient},
    {"id.take_unmapped_user",
     Severity::kMust,
     0,
     "a user number that is not the build's",
     take_unmapped_user},
    {"id.indirect_branch", Severity::kShould, kCheap, "Spectre variant 2", speculate_indirectly},
};

} // namespace

std::span<const Attempt> identity_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes

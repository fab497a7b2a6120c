#include "sandbox/base/landlock.hh"

#include "sandbox/base/error.hh"

#include <cerrno>
#include <cstddef>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson {

int landlock_abi() noexcept
{
    const long abi =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : static_cast<int>(abi);
}

UniqueFd landlock_create_ruleset(const LandlockRulesetAttributes& attributes, int abi)
{
    const std::size_t size = abi >= 6   ? sizeof attributes
                             : abi >= 4 ? offsetof(LandlockRulesetAttributes, scoped)
                                        : offsetof(LandlockRulesetAttributes, handled_access_net);
    const long fd = ::syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (fd < 0) throw SysError(errno, "landlock_create_ruleset");
    return UniqueFd(static_cast<int>(fd));
}

void landlock_allow_beneath(int ruleset, int parent, std::uint64_t access)
{
    const landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = parent};
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        throw SysError(errno, "landlock_add_rule");
}

void landlock_restrict_self(int ruleset)
{
    if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        throw SysError(errno, "landlock_restrict_self");
}

std::uint64_t landlock_file_rights(int abi) noexcept
{
    if (abi < 1) return 0;
    std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; // ABI 1: everything up to it
    if (abi >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) rights |= kLandlockFsTruncate;
    if (abi >= 5) rights |= kLandlockFsIoctlDevice;
    return rights;
}

std::uint64_t landlock_port_rights(int abi) noexcept
{
    return abi >= 4 ? kLandlockNetBindTcp | kLandlockNetConnectTcp : 0;
}

std::uint64_t landlock_scopes(int abi) noexcept
{
    return abi >= 6 ? kLandlockScopeAbstractSocket | kLandlockScopeSignal : 0;
}

void landlock_deny_everything()
{
    const int abi = landlock_abi();
    if (abi == 0) return;
    // handled and granted nowhere: denied
    const UniqueFd ruleset =
        landlock_create_ruleset({.handled_access_fs = landlock_file_rights(abi),
                                 .handled_access_net = landlock_port_rights(abi),
                                 .scoped = landlock_scopes(abi)},
                                abi);
    landlock_restrict_self(ruleset.get());
}

} // namespace caisson

// The second wall behind the root: no mount, no driver's ioctl, no signal or abstract socket that
// leaves the cell. Rules only grant, so the masks of /proc are not its business.
#include "sandbox/base/landlock.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"

#include <algorithm>
#include <fcntl.h>

namespace caisson::sandbox {
namespace {

/// ABI 1 refuses every rename from one directory to another: dpkg and apt fail under it.
constexpr int kOldestUsable = 2;

std::uint64_t scopes_of(const Plan& plan, int abi)
{
    const std::uint64_t scopes = landlock_scopes(abi);
    // a socket that the supervisor made is of no domain: from one of their own, the cell's
    // processes could not connect to it. An abstract socket is never seen beyond its network
    // namespace anyway
    return plan.architecture == Architecture::kI386 ? scopes & ~kLandlockScopeAbstractSocket
                                                    : scopes;
}

} // namespace

void restrict_files(CellSetup& setup)
{
    const int abi = std::min(landlock_abi(), kNewestLandlock);
    if (abi < kOldestUsable) {
        if (setup.plan.landlock == Landlock::kRequired)
            throw Error(ErrorKind::kHost,
                        "the policy requires Landlock, which this kernel does not have",
                        "Linux 5.19 or later, with landlock among the modules of lsm=");
        return;
    }
    const std::uint64_t rights = landlock_file_rights(abi);
    const std::uint64_t devices = rights & kLandlockFsIoctlDevice;
    // no rule on TCP: the cell's network namespace has nothing but its own loopback
    const UniqueFd ruleset = landlock_create_ruleset(
        {.handled_access_fs = rights, .scoped = scopes_of(setup.plan, abi)}, abi);
    const UniqueFd root = open_file("/", O_PATH | O_DIRECTORY);
    landlock_allow_beneath(ruleset.get(), root.get(), rights & ~devices);
    if (devices != 0) {
        // terminals that a step opens for itself: script, expect, test suites
        const UniqueFd terminals = open_file("/dev/pts", O_PATH | O_DIRECTORY);
        landlock_allow_beneath(ruleset.get(), terminals.get(), devices);
    }
    landlock_restrict_self(ruleset.get());
    setup.landlock_abi = abi;
}

} // namespace caisson::sandbox

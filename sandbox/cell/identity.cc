// Who the cell is: root of its own user namespace while it is set up, then the step's user.
#include "sandbox/sys/identity.hh"

#include "sandbox/base/error.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/sys/capability.hh"
#include "sandbox/sys/process.hh"

#include <unistd.h>

namespace caisson::sandbox {

void die_with_chamber(CellSetup&)
{
    sys::set_parent_death_signal();
}

void keep_to_itself(CellSetup& setup)
{
    close_all_but({setup.chamber.fd(), setup.report.get()});
}

void take_identity(CellSetup& setup)
{
    if (!setup.chamber.receive())
        throw Error(ErrorKind::kHost, "the chamber did not write the id maps");
    sys::setgroups({});
    sys::setresgid(0);
    sys::setresuid(0);
    sys::set_parent_death_signal();
    // /proc/self belongs to us only so; nobody else is in this pid namespace yet
    sys::set_dumpable(true);
}

void drop_privileges(CellSetup& setup)
{
    sys::CapabilitySet kept = 0;
    for (const std::string& name : setup.plan.capabilities)
        kept |= sys::capability(name);
    sys::drop_bounding(kept);
    sys::setgroups(setup.user.groups);
    sys::setresgid(setup.user.gid);
    sys::setresuid(setup.user.uid);
    sys::capset(setup.user.uid == 0 ? kept : 0);
    sys::set_parent_death_signal();
}

void forbid_gains(CellSetup&)
{
    sys::set_no_new_privileges();
}

} // namespace caisson::sandbox

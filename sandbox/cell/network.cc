// What a step sees of a network: a name and a loopback of its own.
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/sys/netlink.hh"
#include "sandbox/sys/process.hh"

namespace caisson::sandbox {

void name_host(CellSetup& setup)
{
    sys::sethostname(setup.plan.hostname);
    sys::setdomainname("(none)"); // the kernel's own default, not the host's name
}

void bring_up_loopback(CellSetup&)
{
    sys::bring_loopback_up();
}

} // namespace caisson::sandbox

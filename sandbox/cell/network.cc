// What a step sees of a network: a name and a loopback of its own.
#include "sandbox/cell/network.hh"

#include "sandbox/base/file.hh"
#include "sandbox/base/scope_exit.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/sys/netlink.hh"
#include "sandbox/sys/process.hh"

#include <fcntl.h>
#include <sched.h>

namespace caisson::sandbox {
namespace {

constexpr const char* kOwnNetwork = "/proc/self/ns/net";
constexpr const char* kFirstPortForAll = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

} // namespace

UniqueFd make_cell_network()
{
    const UniqueFd own = open_file(kOwnNetwork, O_RDONLY);
    sys::unshare(CLONE_NEWNET);
    const ScopeExit back([&own] { sys::setns(own.get(), CLONE_NEWNET); });
    sys::bring_loopback_up();
    // CAP_NET_BIND_SERVICE of the cell's user namespace does not count here
    write_all(open_file(kFirstPortForAll, O_WRONLY).get(), "0");
    return open_file(kOwnNetwork, O_RDONLY);
}

void name_host(CellSetup& setup)
{
    sys::sethostname(setup.plan.hostname);
    sys::setdomainname("(none)"); // the kernel's own default, not the host's name
}

} // namespace caisson::sandbox

#include "runner/job/posture.hh"

#include "runner/job/compile_filter.hh"
#include "runner/job/probe_calls.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/base/text.hh"
#include "sandbox/seccomp/evaluate.hh"

#include <algorithm>
#include <asm/ioctls.h>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string_view>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace caisson::runner {
namespace {

/// What a part of the floor (policies/floor.json) opens where a policy has lifted it and a profile
/// then allows it. By whole ids: what comes by another way (x32, io_uring) or needs a capability as
/// well (AF_PACKET, a change through netlink) is given by no permission.
struct Given {
    const char* permission;
    std::initializer_list<std::string_view> attempts;
};
const Given kGiven[] = {
    {"i_accept_huge_pages_beyond_the_limits",
     {"memory.map_huge_pages", "memory.huge_file", "memory.huge_segment"}},
    {"i_accept_rare_socket_families",
     {"net.bluetooth",
      "net.can",
      "net.kcm",
      "net.key",
      "net.mctp",
      "net.qipcrtr",
      "net.rds",
      "net.rxrpc",
      "net.smc",
      "net.tipc",
      "net.xdp"}},
    {"i_accept_kernel_crypto_sockets", {"net.alg"}},
    {"i_accept_sockets_to_the_hypervisor",
     {"net.vsock", "net.vsock_datagrams", "net.vsock_high_bits"}},
    {"i_accept_netlink_beyond_routes",
     {"netlink.audit",
      "netlink.connector",
      "netlink.crypto",
      "netlink.fib_lookup",
      "netlink.generic",
      "netlink.iscsi",
      "netlink.kobject_uevent",
      "netlink.netfilter",
      "netlink.rdma",
      "netlink.scsi",
      "netlink.selinux",
      "netlink.sock_diag",
      "netlink.usersock",
      "netlink.xfrm"}},
    {"i_accept_keyrings_of_the_host",
     {"key.add",
      "key.join_session",
      "key.launchers",
      "key.persistent",
      "key.request",
      "key.session_keyring",
      "key.user_keyring"}},
};

/// What a control cannot do without, but for what every self-test allows
/// (runner/job/probe_calls.cc). A policy that forbids it is no broken wall.
struct Needed {
    std::string_view control;
    int call;
    std::uint64_t first = 0; ///< arguments; the others are of no matter
    std::uint64_t second = 0;
    std::string_view capability = {};
};
constexpr Needed kNeeded[] = {
    {"control.directory", SYS_mkdir},
    {"control.rename", SYS_mkdir},
    {"control.rename", SYS_rename},
    {"control.loopback", SYS_socket, AF_INET, SOCK_STREAM},
    {"control.loopback", SYS_bind},
    {"control.loopback", SYS_listen},
    {"control.loopback", SYS_getsockname},
    {"control.loopback", SYS_connect},
    {"control.low_port", SYS_socket, AF_INET, SOCK_STREAM},
    {"control.low_port", SYS_bind, 0, 0, "CAP_NET_BIND_SERVICE"},
    {"control.pair", SYS_socketpair, AF_UNIX, SOCK_STREAM},
    {"control.terminal", SYS_ioctl, 0, TIOCSPTLCK},
    {"control.terminal", SYS_ioctl, 0, TIOCGPTN},
    {"control.terminal", SYS_ioctl, 0, TCGETS},
};

bool allows(std::span<const sock_filter> filter, const Needed& needed)
{
    seccomp_data call = {.nr = needed.call, .arch = kNativeArchitecture};
    call.args[0] = needed.first;
    call.args[1] = needed.second;
    return sandbox::evaluate_seccomp(filter, call) == SECCOMP_RET_ALLOW;
}

bool contains(const std::vector<std::string>& list, std::string_view text)
{
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_control(const ProbeAttempt& attempt)
{
    return attempt.severity == "control";
}

} // namespace

const char* word_of(Judgement judgement) noexcept
{
    switch (judgement) {
    case Judgement::kHolds:
        return "holds";
    case Judgement::kAbsent:
        return "absent";
    case Judgement::kSurface:
        return "surface";
    case Judgement::kGiven:
        return "given";
    case Judgement::kBroken:
        return "broken";
    case Judgement::kControl:
        break;
    }
    return "control";
}

Judge::Judge(const policies::Policy& policy)
    : policy_(policy)
    , filter_(program_of(policy))
{}

std::string Judge::permission_for(const std::string& attempt) const
{
    if (!policy_.seccomp) return "";
    for (const Given& given : kGiven)
        if (std::find(given.attempts.begin(), given.attempts.end(), attempt) !=
                given.attempts.end() &&
            contains(policy_.seccomp->accepted, given.permission))
            return given.permission;
    return "";
}

bool Judge::forbids(const std::string& control) const
{
    return std::any_of(std::begin(kNeeded), std::end(kNeeded), [&](const Needed& needed) {
        if (needed.control != control) return false;
        return !allows(filter_, needed) ||
               (!needed.capability.empty() && !contains(policy_.capabilities, needed.capability));
    });
}

Judgement Judge::judge(const ProbeAttempt& attempt) const
{
    if (is_control(attempt))
        return attempt.open() || forbids(attempt.id) ? Judgement::kControl : Judgement::kBroken;
    if (attempt.result == "absent") return Judgement::kAbsent;
    if (!attempt.open()) return Judgement::kHolds;
    if (!permission_for(attempt.id).empty()) return Judgement::kGiven;
    return attempt.severity == "should" ? Judgement::kSurface : Judgement::kBroken;
}

Posture Judge::posture_of(const std::vector<ProbeAttempt>& attempts) const
{
    Posture posture{.calls_beside = names_beside(policy_)};
    bool sees = false;
    for (const ProbeAttempt& attempt : attempts) {
        const Judgement judgement = judge(attempt);
        if (judgement == Judgement::kBroken)
            posture.broken.push_back(printable(attempt.id) + ": " + printable(attempt.detail));
        if (is_control(attempt)) {
            sees = sees || attempt.open();
            continue;
        }
        ++posture.attempts;
        if (attempt.open()) posture.open.push_back(attempt.id);
        if (judgement == Judgement::kHolds) ++posture.refused;
        if (judgement == Judgement::kAbsent) ++posture.absent;
        if (judgement == Judgement::kGiven)
            posture.given.emplace(attempt.id, permission_for(attempt.id));
    }
    if (posture.attempts == 0) posture.broken.emplace_back("nothing was attempted");
    if (!sees) posture.broken.emplace_back("no control succeeded: what is refused proves nothing");
    return posture;
}

} // namespace caisson::runner

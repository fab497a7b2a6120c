// How a chamber comes to be: spawned, its ids mapped, moved into its cgroup, and given what it is
// to see of the host.
#include "sandbox/start_chamber.hh"

#include "sandbox/base/error_wire.hh"
#include "sandbox/chamber/handshake.hh"
#include "sandbox/features.hh"
#include "sandbox/map_ids.hh"
#include "sandbox/messages.hh"
#include "sandbox/sys/path.hh"

#include <algorithm>
#include <cerrno>
#include <future>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

Program start_program(const ChamberOptions& options, int channel)
{
    // of trees in memory: as much as of trees on disk, and never so much that the host has none
    // left
    const std::uint64_t in_memory =
        std::min(options.limits.build_disk_bytes, host_memory_bytes() / 2);
    std::vector<std::string> arguments = {kServeMode, std::to_string(in_memory)};
    if (options.scope.i386) arguments.emplace_back(kI386Scope);
    if (options.scope.below_floor) arguments.emplace_back(kBelowFloorScope);
    if (::geteuid() == 0) {
        arguments.push_back(std::to_string(options.ids.users.first));
        arguments.push_back(std::to_string(options.ids.groups.first));
    }
    return Program::start({.path = options.program,
                           .arguments = arguments,
                           .descriptors = {{kChannelFd, channel}, {kTreesFd, options.trees}},
                           .standard_error = -1});
}

/// Hands over the host paths; tells of each whether its owners are seen inside.
///
/// As root: as mounts that are made here, since mapping owners needs privilege over the file
/// system. But never the owners of a writable one: with host root among them, the step could leave
/// a file there that is setuid root for the host. As a user: as they are, for the chamber to find
/// them again from its mount namespace while it still has this user's rights and no others.
std::vector<bool>
hand_over_host_paths(const ChamberOptions& options, const Channel& channel, pid_t chamber)
{
    std::vector<bool> owners;
    for (const HostPath& host : options.host_paths) {
        UniqueFd mount;
        if (::geteuid() == 0) mount = clone_host_path(host);
        owners.push_back(mount && !host.writable && show_owners(mount.get(), chamber));
        channel.send(to_json(host).dump(), {mount ? mount.get() : host.path});
    }
    return owners;
}

/// The chamber's next word must be `expected`; anything else is its error, which is this host's.
void expect(const Channel& chamber, std::string_view expected, const std::string& hint)
{
    const auto message = chamber.receive();
    if (message && message->text == expected) return;
    Error error = message ? error_from_json(message->text) : ended_unexpectedly({});
    error.set_kind(ErrorKind::kHost);
    if (error.hint().empty()) error.set_hint(hint);
    throw Error(error);
}

} // namespace

void hand_over_trees(const ChamberOptions& options)
{
    if (::geteuid() == 0) {
        sys::fchown(options.trees, options.ids.users.first, options.ids.groups.first);
        return sys::fchmod(options.trees, 0700);
    }
    // nobody but the chamber gets here: the store around it is closed (0700)
    sys::fchmod(options.trees, 0777);
}

Error ended_unexpectedly(const std::string& last_words)
{
    return {ErrorKind::kHost,
            last_words.empty() ? "the chamber ended unexpectedly"
                               : error_from_json(last_words).message(),
            "was it killed, or is the host short of memory?"};
}

StartedChamber start_chamber(const ChamberOptions& options, const BuildGroups* groups)
{
    hand_over_trees(options);
    auto [channel, theirs] = Channel::make_pair();
    Program program = start_program(options, theirs.get());
    theirs.reset(); // or its end would never be seen
    expect(channel, kUnshared, user_namespace_hint());
    // beside the mapping, which starts programs: either takes its time
    auto admitted = std::async(std::launch::async, [&] {
        if (groups != nullptr) groups->admit_chamber(program.pid());
    });
    in_context("map ids", [&] { map_ids(program.pid(), options.ids); });
    admitted.get();
    std::vector<bool> owners = hand_over_host_paths(options, channel, program.pid());
    try {
        channel.send(kMapped,
                     groups != nullptr ? groups->chamber_entrance().tasks : std::vector<int>());
    } catch (const SysError& error) {
        if (error.number() != EPIPE) throw; // that it is gone is said below
    }
    expect(channel, kReady, user_namespace_hint());
    return {std::move(channel), std::move(program), std::move(owners)};
}

} // namespace caisson::sandbox

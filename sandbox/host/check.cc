// What a host can give, as a table. A line that is not required names what is lost without it.
#include "sandbox/host/check.hh"

#include "sandbox/base/error.hh"
#include "sandbox/host/checks.hh"

#include <array>
#include <nlohmann/json.hpp>

namespace caisson::sandbox {
namespace {

constexpr bool kRequired = true;
constexpr bool kOptional = false;

constexpr std::array kChecks = {
    HostCheck{"namespaces.user",
              "user namespaces",
              kRequired,
              "chamber and cells have ids of their own, and none of the host's",
              check_user_namespaces},
    HostCheck{"namespaces.nested",
              "a user namespace in another",
              kRequired,
              "each cell has one of its own below the chamber's",
              check_nested_user_namespaces},
    HostCheck{"namespaces.other",
              "mount, pid, network, IPC, UTS and cgroup namespaces",
              kRequired,
              "a cell sees no mount, process, interface, queue, name or group of the host",
              check_other_namespaces},
    HostCheck{"ids.programs",
              "newuidmap and newgidmap",
              kRequired,
              "they map a user's subordinate ids; root needs neither",
              check_id_programs},
    HostCheck{"mounts.calls",
              "the mount calls by descriptor",
              kRequired,
              "what is mounted is named by descriptor, never twice by path; Linux 5.12",
              check_mount_calls},
    HostCheck{"mounts.overlay",
              "overlayfs in a user namespace",
              kRequired,
              "a step sees the trees before it, and what it writes is its layer; Linux 5.11",
              check_overlay},
    HostCheck{"mounts.layers",
              "overlayfs takes its layers one by one",
              kOptional,
              "without it some seventy layers fit into one mount; Linux 6.7",
              check_overlay_layers},
    HostCheck{"mounts.procfs",
              "a fresh /proc that hides processes",
              kRequired,
              "a step sees its own processes only; Linux 5.8",
              check_procfs},
    HostCheck{"mounts.devices",
              "six device nodes",
              kRequired,
              "/dev/null and its like are the host's, bound",
              check_device_nodes},
    HostCheck{"mounts.owners",
              "mounts that map owners",
              kOptional,
              "caisson run shows who owns files of the host; builds do not need it",
              check_owner_maps},
    HostCheck{
        "calls.process",
        "clone3, pidfd, close_range",
        kRequired,
        "processes are waited for without a race, descriptors closed without a gap; Linux 5.9",
        check_process_calls},
    HostCheck{"calls.paths",
              "openat2",
              kRequired,
              "no path leads out of a tree or through a link; Linux 5.6",
              check_path_calls},
    HostCheck{"calls.memory",
              "sealed memory",
              kRequired,
              "what is handed from program to program cannot change under the reader",
              check_sealed_memory},
    HostCheck{"seccomp.filters",
              "system-call filters",
              kRequired,
              "a step makes the calls of its policy and no others",
              check_filters},
    HostCheck{"seccomp.supervisors",
              "calls answered by a supervisor",
              kOptional,
              "steps on linux/386 images open sockets; Linux 5.19",
              check_supervisors},
    HostCheck{
        "landlock",
        "Landlock",
        kOptional,
        "the second wall behind the root: files, devices, signals, abstract sockets; a policy "
        "may require it",
        check_landlock},
    HostCheck{
        "store.kind", "the store's file system", kOptional, "trees lie on it", check_store_kind},
    HostCheck{"store.attributes",
              "extended attributes in the store",
              kRequired,
              "overlayfs marks what a step removed, and layers hold attributes",
              check_store_attributes},
    HostCheck{
        "store.space", "space in the store", kOptional, "images and trees", check_store_space},
    HostCheck{"host.core_pattern",
              "what happens to a core dump",
              kOptional,
              "a program of the host's root would read a step's dump: cells have RLIMIT_CORE 1, at "
              "which the kernel aborts it",
              check_core_pattern},
    HostCheck{"host.tracing",
              "who may trace whom",
              kOptional,
              "another program of the same user could read caisson's memory",
              check_tracing},
    HostCheck{
        "host.io_uring",
        "io_uring",
        kOptional,
        "it passes below filters; the filter of every cell refuses it whatever the policy says",
        check_rings},
    HostCheck{"host.bpf",
              "unprivileged BPF",
              kOptional,
              "programs of users inside the kernel; the filter of every cell refuses them",
              check_programs_in_kernel},
};

const char* word(Finding::Status status)
{
    switch (status) {
    case Finding::Status::kOk:
        return "ok";
    case Finding::Status::kDegraded:
        return "degraded";
    case Finding::Status::kMissing:
        break;
    }
    return "missing";
}

/// A check that could not be made is a finding, too.
Finding run(const HostCheck& check, const HostView& host)
try {
    return check.run(host);
} catch (const Error& error) {
    return {Finding::Status::kMissing, error.message(), error.hint()};
}

} // namespace

std::span<const HostCheck> host_checks() noexcept
{
    return kChecks;
}

nlohmann::json check_host(const HostView& host)
{
    nlohmann::json list = nlohmann::json::array();
    for (const HostCheck& check : kChecks) {
        const Finding found = run(check, host);
        list.push_back({{"id", check.id},
                        {"title", check.title},
                        {"required", check.required},
                        {"status", word(found.status)},
                        {"detail", found.detail},
                        {"meaning", check.meaning},
                        {"hint", found.hint}});
    }
    return list;
}

} // namespace caisson::sandbox

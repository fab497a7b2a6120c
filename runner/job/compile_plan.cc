#include "runner/job/compile_plan.hh"

#include "sandbox/base/error.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

/// policies/floor.json
constexpr std::string_view kAcceptHugePages = "i_accept_huge_pages_beyond_the_limits";

sandbox::Limits limits_of_policy(const policies::PolicyLimits& limits)
{
    return {.memory_bytes = limits.memory_bytes,
            .swap_bytes = limits.swap_bytes,
            .huge_page_bytes = limits.huge_page_bytes,
            .address_space_bytes = limits.address_space_bytes,
            .processes = limits.processes,
            .cpu_percent = limits.cpu_percent,
            .cpu_time = limits.cpu_time,
            .disk_bytes = limits.disk_bytes,
            .disk_files = limits.disk_files,
            .file_size_bytes = limits.file_size_bytes,
            .open_files = limits.open_files,
            .output_bytes = limits.output_bytes,
            .step_time = limits.step_time,
            .build_memory_bytes = limits.build_memory_bytes};
}

} // namespace

std::vector<std::string_view> unenforced_limits(const policies::Policy& policy)
{
    std::vector<std::string_view> keys = {"memory_bytes",
                                          "swap_bytes",
                                          "cpu_percent",
                                          "cpu_seconds",
                                          "disk_bytes",
                                          "disk_files",
                                          "build_memory_bytes",
                                          "build_disk_bytes"};
    if (policy.seccomp && std::ranges::count(policy.seccomp->accepted, kAcceptHugePages) != 0)
        keys.emplace_back("huge_page_bytes");
    return keys;
}

sandbox::Plan plan_of_policy(const policies::Policy& policy, const std::string& seccomp_digest)
{
    for (const std::string_view key : unenforced_limits(policy))
        if (policy.limits.enforce.contains(std::string(key)))
            throw Error(ErrorKind::kHost,
                        "the policy requires limits." + std::string(key) +
                            ", which this version does not enforce",
                        "without it in limits.enforce the build runs, and its record names the "
                        "limits that did not hold");
    sandbox::Plan plan;
    plan.capabilities = policy.capabilities;
    plan.limits = limits_of_policy(policy.limits);
    plan.landlock = policy.landlock == "required" ? sandbox::Landlock::kRequired
                                                  : sandbox::Landlock::kIfAvailable;
    if (policy.seccomp) plan.accepted = policy.seccomp->accepted;
    plan.seccomp_digest = seccomp_digest;
    return plan;
}

sandbox::Architecture architecture_of(const ImageConfig& config)
{
    return config.architecture == "386" ? sandbox::Architecture::kI386
                                        : sandbox::Architecture::kNative;
}

} // namespace caisson::runner

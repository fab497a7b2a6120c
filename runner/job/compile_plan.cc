#include "runner/job/compile_plan.hh"

namespace caisson::runner {

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
            .build_memory_bytes = limits.build_memory_bytes,
            .build_disk_bytes = limits.build_disk_bytes};
}

sandbox::Plan plan_of_policy(const policies::Policy& policy, const std::string& seccomp_digest)
{
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

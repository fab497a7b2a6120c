#include "runner/job/compile_plan.hh"

#include "attest/digest.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/seccomp_compile.hh"

#include <map>

namespace caisson::runner {
namespace {

using sandbox::ArgumentTest;
using sandbox::SeccompRule;

ArgumentTest test_of(const policies::SyscallEntry::Argument& argument)
{
    static const std::map<std::string, ArgumentTest::Compare> kCompares = {
        {"==", ArgumentTest::Compare::kEqual},
        {"!=", ArgumentTest::Compare::kNotEqual},
        {"<", ArgumentTest::Compare::kLess},
        {"<=", ArgumentTest::Compare::kLessOrEqual},
        {">", ArgumentTest::Compare::kGreater},
        {">=", ArgumentTest::Compare::kGreaterOrEqual},
        {"&==", ArgumentTest::Compare::kMaskedEqual}};
    return {.index = argument.index,
            .compare = kCompares.at(argument.compare),
            .value = argument.value,
            .mask = argument.mask};
}

sandbox::SeccompFilter filter_rules(const policies::Policy& policy)
{
    sandbox::SeccompFilter filter;
    for (const policies::SyscallGroup& group : policy.groups)
        for (const policies::SyscallEntry& call : group.calls) {
            SeccompRule rule{.name = call.name,
                             .action = call.action == "errno" ? SeccompRule::Action::kErrno
                                                              : SeccompRule::Action::kAllow,
                             .error = call.error};
            for (const auto& argument : call.arguments)
                rule.tests.push_back(test_of(argument));
            filter.rules.push_back(std::move(rule));
        }
    return filter;
}

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

sandbox::Plan plan_of_policy(const policies::Policy& policy, const std::string& seccomp_digest)
{
    sandbox::Plan plan;
    plan.capabilities = policy.capabilities;
    plan.limits = limits_of_policy(policy.limits);
    plan.landlock = policy.landlock == "required" ? sandbox::Landlock::kRequired
                                                  : sandbox::Landlock::kIfAvailable;
    plan.seccomp_digest = seccomp_digest;
    return plan;
}

Filter filter_of_policy(const policies::Policy& policy, Store& store)
{
    // the policy decides the filter, and the version how it is compiled
    const attest::Digest source = attest::Digest::of(CAISSON_VERSION " " + policy.canonical_json);
    std::optional<std::string> program = store.find_filter(source);
    if (!program) {
        program = in_context("compile the system-call filter",
                             [&] { return sandbox::compile_seccomp(filter_rules(policy)); });
        store.put_filter(source, *program);
    }
    return {.program = make_sealed_memfd("seccomp", *program),
            .digest = attest::Digest::of(*program).text()};
}

} // namespace caisson::runner

#include "runner/job/compile_filter.hh"

#include "attest/digest.hh"
#include "policies/floor.hh"
#include "runner/image/platform.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/seccomp_compile.hh"
#include "sandbox/syscall_table.hh"

#include <algorithm>
#include <cerrno>
#include <map>
#include <sys/utsname.h>

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
        {"&==", ArgumentTest::Compare::kMaskedEqual},
        {"&!=", ArgumentTest::Compare::kMaskedNotEqual}};
    return {.index = argument.index,
            .compare = kCompares.at(argument.compare),
            .value = argument.value,
            .mask = argument.mask};
}

SeccompRule::Action action_of(const std::string& action)
{
    static const std::map<std::string, SeccompRule::Action> kActions = {
        {"allow", SeccompRule::Action::kAllow},
        {"errno", SeccompRule::Action::kErrno},
        {"trap", SeccompRule::Action::kTrap},
        {"kill-thread", SeccompRule::Action::kKillThread},
        {"kill-process", SeccompRule::Action::kKill}};
    return kActions.at(action);
}

SeccompRule rule_of(const policies::SyscallEntry& entry)
{
    SeccompRule rule{.name = entry.name, .action = action_of(entry.action), .error = entry.error};
    for (const auto& argument : entry.arguments)
        rule.tests.push_back(test_of(argument));
    return rule;
}

policies::ProfileHost host_of(const policies::Policy& policy)
{
    utsname host = {};
    if (::uname(&host) != 0) throw SysError(errno, "uname");
    return {.architecture = host_architecture(),
            .kernel = policies::kernel_version(host.release),
            .capabilities = policy.capabilities};
}

/// What the policy says of each call, to be asked in order; what it says of the rest goes into
/// `filter`.
std::vector<policies::SyscallEntry> entries_of(const policies::Policy& policy,
                                               sandbox::SeccompFilter& filter)
{
    if (policy.seccomp) {
        const policies::SeccompProfile& profile = policy.seccomp->profile;
        filter.otherwise = action_of(profile.otherwise.action);
        filter.default_error = profile.otherwise.error;
        return policies::resolve_profile(profile, host_of(policy));
    }
    std::vector<policies::SyscallEntry> entries;
    for (const policies::SyscallGroup& group : policy.groups)
        entries.insert(entries.end(), group.calls.begin(), group.calls.end());
    return entries;
}

sandbox::SeccompFilter filter_rules(const policies::Policy& policy,
                                    std::vector<std::string>& unknown)
{
    sandbox::SeccompFilter filter;
    const std::vector<std::string> none;
    // the floor first: no entry of the policy's is asked about what lies below it
    for (const auto& entry :
         policies::floor_entries(policy.seccomp ? policy.seccomp->accepted : none))
        filter.rules.push_back(rule_of(entry));
    for (const policies::SyscallEntry& entry : entries_of(policy, filter)) {
        if (!policy.seccomp || sandbox::is_syscall(entry.name))
            filter.rules.push_back(rule_of(entry));
        else if (std::find(unknown.begin(), unknown.end(), entry.name) == unknown.end())
            unknown.push_back(entry.name); // of a newer kernel, or of another machine's
    }
    return filter;
}

} // namespace

Filter filter_of_policy(const policies::Policy& policy)
{
    Filter filter;
    const std::string program =
        sandbox::compile_seccomp(filter_rules(policy, filter.unknown_calls));
    filter.program = make_sealed_memfd("seccomp", program);
    filter.digest = attest::Digest::of(program).text();
    return filter;
}

std::string compile_filter(const policies::Policy& policy)
{
    std::vector<std::string> unknown;
    return sandbox::compile_seccomp(filter_rules(policy, unknown));
}

} // namespace caisson::runner

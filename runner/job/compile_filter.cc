#include "runner/job/compile_filter.hh"

#include "attest/digest.hh"
#include "policies/floor.hh"
#include "policies/i386.hh"
#include "runner/image/platform.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/seccomp/compile.hh"
#include "sandbox/seccomp/i386_filter.hh"
#include "sandbox/seccomp/syscall_table.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <sys/utsname.h>

namespace caisson::runner {
namespace {

using sandbox::Architecture;
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

} // namespace

std::vector<policies::SyscallEntry> entries_of(const policies::Policy& policy,
                                               Architecture architecture)
{
    if (policy.seccomp) return policies::resolve_profile(policy.seccomp->profile, host_of(policy));
    std::vector<policies::SyscallEntry> entries;
    for (const policies::SyscallGroup& group : policy.groups) {
        const auto& calls = architecture == Architecture::kI386 ? group.i386_calls : group.calls;
        entries.insert(entries.end(), calls.begin(), calls.end());
    }
    return entries;
}

std::vector<policies::SyscallEntry> floor_of(const policies::Policy& policy,
                                             Architecture architecture)
{
    const std::vector<std::string> none;
    auto entries = policies::floor_entries(policy.seccomp ? policy.seccomp->accepted : none);
    if (architecture != Architecture::kI386) return entries;
    auto own = policies::i386_floor();
    own.insert(own.end(), entries.begin(), entries.end());
    return own;
}

namespace {

sandbox::SeccompTable table_of(const policies::Policy& policy,
                               Architecture architecture,
                               const std::vector<policies::SyscallEntry>& besides,
                               std::vector<std::string>& unknown)
{
    sandbox::SeccompTable table;
    if (policy.seccomp) {
        table.otherwise = action_of(policy.seccomp->profile.otherwise.action);
        table.default_error = policy.seccomp->profile.otherwise.error;
    }
    // the floor first: no entry of the policy's is asked about what lies below it
    for (const policies::SyscallEntry& entry : floor_of(policy, architecture))
        table.rules.push_back(rule_of(entry));
    for (const policies::SyscallEntry& entry : besides)
        table.rules.push_back(rule_of(entry));
    for (const policies::SyscallEntry& entry : entries_of(policy, architecture)) {
        if (!policy.seccomp || sandbox::is_syscall(entry.name))
            table.rules.push_back(rule_of(entry));
        else if (std::find(unknown.begin(), unknown.end(), entry.name) == unknown.end())
            unknown.push_back(entry.name); // of a newer kernel, or a mistake
    }
    return table;
}

sandbox::SeccompFilter filter_of(sandbox::SeccompTable table, Architecture architecture)
{
    if (architecture == Architecture::kI386) return sandbox::filter_of_i386_image(std::move(table));
    sandbox::SeccompFilter filter;
    static_cast<sandbox::SeccompTable&>(filter) = std::move(table);
    return filter;
}

std::string compile(const policies::Policy& policy,
                    Architecture architecture,
                    const std::vector<policies::SyscallEntry>& besides,
                    std::vector<std::string>& unknown)
{
    if (architecture == Architecture::kI386 && policy.seccomp &&
        !policy.seccomp->profile.covers_i386)
        throw Error(ErrorKind::kRefused,
                    "the policy \"" + policy.name +
                        "\" allows programs of linux/386 images no system call",
                    "its seccomp profile does not list SCMP_ARCH_X86");
    return sandbox::compile_seccomp(
        filter_of(table_of(policy, architecture, besides, unknown), architecture));
}

} // namespace

std::string compile_filter(const policies::Policy& policy, Architecture architecture)
{
    std::vector<std::string> unknown;
    return compile(policy, architecture, {}, unknown);
}

std::vector<sock_filter> program_of(const policies::Policy& policy)
{
    const std::string bytes = compile_filter(policy);
    std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
    std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
    return program;
}

Filter filter_of_policy(const policies::Policy& policy,
                        Architecture architecture,
                        const std::vector<policies::SyscallEntry>& besides)
{
    Filter filter;
    const std::string program = compile(policy, architecture, besides, filter.unknown_calls);
    filter.program = make_sealed_memfd("seccomp", program);
    filter.digest = attest::Digest::of(program).text();
    return filter;
}

std::vector<std::string> warnings_of(const Filter& filter, const sandbox::Plan& plan)
{
    std::vector<std::string> warnings;
    for (const std::string& name : filter.unknown_calls)
        warnings.push_back("the seccomp profile names \"" + name +
                           "\", which is no system call known here");
    for (const std::string& permission : plan.accepted)
        warnings.push_back("the policy gives steps what no step has otherwise: " + permission);
    return warnings;
}

} // namespace caisson::runner

#include "runner/job/compile_filter.hh"

#include "attest/digest.hh"
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

} // namespace

std::string compile_filter(const policies::Policy& policy)
{
    return sandbox::compile_seccomp(filter_rules(policy));
}

Filter filter_of_policy(const policies::Policy& policy)
{
    const std::string program = compile_filter(policy);
    return {.program = make_sealed_memfd("seccomp", program),
            .digest = attest::Digest::of(program).text()};
}

} // namespace caisson::runner

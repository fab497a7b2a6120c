#include "sandbox/seccomp/compile.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/seccomp/syscall_arguments.hh"
#include "sandbox/seccomp/syscall_table.hh"
#include "sandbox/seccomp/tree.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <cstddef>
#include <linux/seccomp.h>
#include <map>

namespace caisson::sandbox {
namespace {

constexpr unsigned kArguments = 6;

std::uint32_t return_value(SeccompRule::Action action, int error)
{
    switch (action) {
    case SeccompRule::Action::kAllow:
        return SECCOMP_RET_ALLOW;
    case SeccompRule::Action::kErrno:
        return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
    case SeccompRule::Action::kTrap:
        return SECCOMP_RET_TRAP;
    case SeccompRule::Action::kKillThread:
        return SECCOMP_RET_KILL_THREAD;
    case SeccompRule::Action::kKill:
        return SECCOMP_RET_KILL_PROCESS;
    case SeccompRule::Action::kNotify:
        return SECCOMP_RET_USER_NOTIF;
    }
    throw Error(ErrorKind::kInternal, "a rule without an action");
}

CallRule call_rule(Architecture architecture, const SeccompRule& rule)
{
    CallRule call{.action = return_value(rule.action, rule.error)};
    for (const ArgumentTest& test : rule.tests) {
        if (test.index >= kArguments)
            throw Error(ErrorKind::kUsage, "\"" + rule.name + "\" has no such argument");
        call.tests.push_back({test, argument_bits(architecture, rule.name, test.index)});
    }
    return call;
}

/// All that an architecture's calls are answered.
Code decide_number(Architecture architecture, const SeccompTable& table)
{
    const std::uint32_t otherwise = return_value(table.otherwise, table.default_error);
    std::map<std::uint32_t, std::vector<CallRule>> calls;
    for (const SeccompRule& rule : table.rules) {
        if (!is_syscall(rule.name))
            throw Error(ErrorKind::kUsage, "unknown system call \"" + rule.name + "\"");
        if (const auto number = syscall_number(architecture, rule.name))
            calls[*number].push_back(call_rule(architecture, rule));
    }
    const Code unknown = return_code(SECCOMP_RET_ERRNO | ENOSYS);
    std::vector<Span> spans;
    for (std::uint32_t number = 0; number <= sys::kNewestSystemCall; ++number) {
        const auto found = calls.find(number);
        if (syscall_name(architecture, number).empty())
            spans.push_back({number, unknown});
        else if (found == calls.end())
            spans.push_back({number, return_code(otherwise)});
        else
            spans.push_back({number, decide_call(found->second, otherwise)});
    }
    // the x32 bit makes a number larger than any
    spans.push_back({sys::kNewestSystemCall + 1, unknown});
    return load_word(offsetof(seccomp_data, nr), branch_on_value(std::move(spans)));
}

} // namespace

std::string compile_seccomp(const SeccompFilter& filter)
{
    return in_context("compile the system call filter", [&] {
        // the architecture first: a number means another call elsewhere
        Code foreign = return_code(SECCOMP_RET_KILL_PROCESS);
        if (filter.i386)
            foreign = branch_on_equal(
                AUDIT_ARCH_I386, decide_number(Architecture::kI386, *filter.i386), foreign);
        const Code program = load_word(offsetof(seccomp_data, arch),
                                       branch_on_equal(kNativeArchitecture,
                                                       decide_number(Architecture::kNative, filter),
                                                       foreign));
        if (program.size() > BPF_MAXINSNS)
            throw Error(ErrorKind::kUsage,
                        "the filter has " + std::to_string(program.size()) +
                            " instructions; the kernel takes " + std::to_string(BPF_MAXINSNS));
        return std::string(reinterpret_cast<const char*>(program.data()),
                           program.size() * sizeof(sock_filter));
    });
}

} // namespace caisson::sandbox

#include "sandbox/seccomp/i386_filter.hh"

#include "sandbox/base/error.hh"

#include <algorithm>
#include <sys/mman.h>

namespace caisson::sandbox {
namespace {

using Action = SeccompRule::Action;

constexpr const char* kSocketcall = "socketcall";

/// From the filter to the image's program, or to a report that there is none (cell/program.cc).
constexpr std::string_view kNativeCalls[] = {
    "execve",
    "sendmsg", // hands the listener to the supervisor
    "close",
    "write",
    "access",
    "brk",
    "munmap",
    "mremap",
    "rt_sigreturn",
    "exit",
    "exit_group",
};

/// As of a native step: no pages that no limit counts.
SeccompRule mmap_without_huge_pages()
{
    return {.name = "mmap",
            .tests = {{.index = 3,
                       .compare = ArgumentTest::Compare::kMaskedEqual,
                       .value = 0,
                       .mask = MAP_HUGETLB}}};
}

/// What the supervisor can do in a caller's place.
bool is_supervised(std::string_view call)
{
    return call == "socket" || call == "socketpair" || call == "setsockopt";
}

std::vector<SeccompRule> rules_of(std::string_view call, const std::vector<SeccompRule>& rules)
{
    std::vector<SeccompRule> found;
    std::copy_if(rules.begin(), rules.end(), std::back_inserter(found), [&](const auto& rule) {
        return rule.name == call;
    });
    return found;
}

SeccompRule subcall_rule(const SocketSubcall& subcall, const SeccompTable& calls)
{
    SeccompRule rule{.name = kSocketcall, .tests = {{.index = 0, .value = subcall.number}}};
    const std::vector<SeccompRule> direct = rules_of(subcall.call, calls.rules);
    if (direct.empty()) {
        rule.action = calls.otherwise;
        rule.error = calls.default_error;
    } else if (direct.front().tests.empty()) {
        rule.action = direct.front().action;
        rule.error = direct.front().error;
    } else if (is_supervised(subcall.call)) {
        rule.action = Action::kNotify;
    } else {
        throw Error(ErrorKind::kUsage,
                    "a rule tests the arguments of \"" + std::string(subcall.call) +
                        "\", which programs of linux/386 pass in memory",
                    "a rule without arguments can be kept");
    }
    return rule;
}

} // namespace

SeccompFilter filter_of_i386_image(SeccompTable calls)
{
    SeccompFilter filter;
    for (const std::string_view name : kNativeCalls)
        filter.rules.push_back({.name = std::string(name)});
    filter.rules.push_back(mmap_without_huge_pages());
    std::vector<SeccompRule> subcalls;
    for (const SocketSubcall& subcall : kSocketSubcalls)
        subcalls.push_back(subcall_rule(subcall, calls));
    std::erase_if(calls.rules, [](const SeccompRule& rule) {
        return rule.name == kSocketcall && rule.action == Action::kAllow;
    });
    calls.rules.insert(calls.rules.end(), subcalls.begin(), subcalls.end());
    // as the kernel says to a number that is no sub-call
    calls.rules.push_back({.name = kSocketcall, .action = Action::kErrno, .error = EINVAL});
    filter.i386 = std::move(calls);
    return filter;
}

} // namespace caisson::sandbox

#include "sandbox/seccomp/refusals.hh"

#include "sandbox/base/seccomp.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <cerrno>
#include <cstddef>
#include <linux/seccomp.h>

namespace caisson::sandbox {
namespace {

std::uint32_t answer(int error)
{
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

Code decide_number(const Refusals& refusals)
{
    const Code allow = return_code(SECCOMP_RET_ALLOW);
    std::vector<Span> spans = {{0, allow}};
    for (const auto& [number, rules] : refusals.calls()) {
        spans.push_back({number, decide_call(rules, SECCOMP_RET_ALLOW)});
        spans.push_back({number + 1, allow});
    }
    // of two spans that begin at one number the later one counts
    std::vector<Span> distinct;
    for (Span& span : spans) {
        if (!distinct.empty() && distinct.back().first == span.first) distinct.pop_back();
        distinct.push_back(std::move(span));
    }
    distinct.push_back({sys::kNewestSystemCall + 1, return_code(answer(ENOSYS))});
    return load_word(offsetof(seccomp_data, nr), branch_on_value(std::move(distinct)));
}

} // namespace

void Refusals::refuse(std::uint32_t number, int error)
{
    refuse_where(number, error, {});
}

void Refusals::refuse_where(std::uint32_t number,
                            int error,
                            std::initializer_list<ArgumentTest> tests)
{
    CallRule rule{.action = answer(error)};
    for (const ArgumentTest& test : tests)
        rule.tests.push_back({test, 32});
    calls_[number].push_back(std::move(rule));
}

std::vector<sock_filter> filter_that_refuses(const Refusals& native,
                                             const std::optional<Refusals>& i386)
{
    Code foreign = return_code(SECCOMP_RET_KILL_PROCESS);
    if (i386) foreign = branch_on_equal(AUDIT_ARCH_I386, decide_number(*i386), foreign);
    return load_word(offsetof(seccomp_data, arch),
                     branch_on_equal(kNativeArchitecture, decide_number(native), foreign));
}

} // namespace caisson::sandbox

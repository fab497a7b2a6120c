#include "runner/job/compile_filter.hh"
#include "runner/job/probe_calls.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/seccomp/evaluate.hh"
#include "sandbox/seccomp/syscall_table.hh"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>

namespace caisson::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kFork = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

/// The default policy with these groups of system calls alone.
policies::Policy policy_with(const std::vector<std::string>& groups)
{
    policies::Policy policy = policies::load_policy("default");
    std::erase_if(policy.groups, [&](const policies::SyscallGroup& group) {
        return std::find(groups.begin(), groups.end(), group.name) == groups.end();
    });
    return policy;
}

std::vector<sock_filter> instructions_of(const Filter& filter)
{
    const std::string bytes =
        read_all(filter.program.get(), BPF_MAXINSNS * sizeof(sock_filter), "the filter");
    std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
    std::memcpy(program.data(), bytes.data(), bytes.size());
    return program;
}

std::uint32_t answer(const std::vector<sock_filter>& program, int call, std::uint64_t first = 0)
{
    seccomp_data asked = {.nr = call, .arch = kNativeArchitecture};
    asked.args[0] = first;
    return sandbox::evaluate_seccomp(program, asked);
}

TEST(ProbeCalls, AreNoneWhereThePolicyAllowsThemAnyway)
{
    EXPECT_THAT(names_beside(policies::load_policy("default")), IsEmpty());
    EXPECT_THAT(names_beside(policies::load_policy("hermetic")), IsEmpty());
}

TEST(ProbeCalls, AreThoseThatThePolicyForbids)
{
    EXPECT_THAT(names_beside(policy_with({"process", "files", "memory", "signals"})),
                ElementsAre("newfstatat"));
    EXPECT_THAT(names_beside(policy_with({"process", "files", "paths", "signals"})),
                ElementsAre("brk", "mmap", "munmap", "mprotect"));
}

TEST(ProbeCalls, AreNoMoreThanTheDefaultPolicyAllows)
{
    const std::vector<sock_filter> usual = program_of(policies::load_policy("default"));

    for (const policies::SyscallEntry& entry : calls_beside(policy_with({}))) {
        seccomp_data asked = {
            .nr = static_cast<int>(
                sandbox::syscall_number(sandbox::Architecture::kNative, entry.name).value()),
            .arch = kNativeArchitecture};
        for (const auto& argument : entry.arguments)
            asked.args[argument.index] = argument.value;
        EXPECT_EQ(sandbox::evaluate_seccomp(usual, asked), SECCOMP_RET_ALLOW) << entry.name;
    }
}

TEST(ProbeCalls, OpenNothingElseOfTheirKind)
{
    const policies::Policy strict = policy_with({"time"});

    const auto own = instructions_of(filter_of_policy(strict));
    const auto widened = instructions_of(
        filter_of_policy(strict, sandbox::Architecture::kNative, calls_beside(strict)));

    EXPECT_EQ(answer(own, SYS_clone, kFork), kRefused);
    EXPECT_EQ(answer(widened, SYS_clone, kFork), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer(widened, SYS_clone, kFork | CLONE_NEWUSER), kRefused);
    EXPECT_EQ(answer(widened, SYS_clone, SIGCHLD | CLONE_VM), kRefused);
    EXPECT_EQ(answer(widened, SYS_fork), kRefused);
    EXPECT_EQ(answer(widened, SYS_mkdir), kRefused);
}

} // namespace
} // namespace caisson::runner

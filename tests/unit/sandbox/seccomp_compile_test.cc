#include "sandbox/base/error.hh"
#include "sandbox/seccomp_compile.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <cerrno>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

/// Runs `body` in a child under `program` and tells what its exit status is, or 128 and the signal.
int under_filter(const std::string& program, const std::function<int()>& body)
{
    std::vector<sock_filter> instructions(program.size() / sizeof(sock_filter));
    std::memcpy(instructions.data(), program.data(), program.size());
    const sock_fprog whole = {.len = static_cast<unsigned short>(instructions.size()),
                              .filter = instructions.data()};
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0) ::_exit(99);
        // the call itself: a sanitizer's own _exit makes calls that the filter refuses
        ::syscall(SYS_exit_group, body());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int number_after(long result)
{
    return result < 0 ? errno : 0;
}

SeccompFilter filter_of(std::vector<SeccompRule> rules)
{
    SeccompFilter filter;
    filter.rules = std::move(rules);
    filter.rules.push_back({.name = "exit_group"});
    return filter;
}

TEST(SeccompFilter, AllowsWhatARuleNamesAndRefusesTheRest)
{
    const std::string program = compile_seccomp(filter_of({{.name = "getppid"}}));

    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(SYS_getppid)); }), 0);
    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(SYS_getuid)); }), EPERM);
}

TEST(SeccompFilter, AnswersTheErrorOfARule)
{
    const std::string program = compile_seccomp(
        filter_of({{.name = "getppid", .action = SeccompRule::Action::kErrno, .error = ENOTTY}}));

    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(SYS_getppid)); }), ENOTTY);
}

TEST(SeccompFilter, KillsWhereARuleSaysSo)
{
    const std::string program =
        compile_seccomp(filter_of({{.name = "getppid", .action = SeccompRule::Action::kKill}}));

    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(SYS_getppid)); }),
              128 + SIGSYS);
}

TEST(SeccompFilter, AnswersNoSuchCallAboveTheNewestKnown)
{
    const std::string program = compile_seccomp(filter_of({}));
    const long beyond = sys::kNewestSystemCall + 1L;

    EXPECT_EQ(under_filter(program, [&] { return number_after(::syscall(beyond)); }), ENOSYS);
    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(sys::kNewestSystemCall)); }),
              EPERM);
}

TEST(SeccompFilter, KnowsCallsThatLibseccompDoesNot)
{
    const std::string program = compile_seccomp(filter_of({{.name = "file_getattr"}}));

    // allowed: the kernel's own answer to nonsense, whatever its age
    const int number =
        under_filter(program, [] { return number_after(::syscall(468, -1, 0, 0, 0, ~0U)); });
    EXPECT_NE(number, EPERM);
    EXPECT_NE(number, 0);
}

TEST(SeccompFilter, ComparesArgumentsAsTheRuleSays)
{
    using Compare = ArgumentTest::Compare;
    struct Case {
        Compare compare;
        std::uint64_t value;
        std::uint64_t mask;
        std::uint64_t holds;
        std::uint64_t fails;
    };
    const std::uint64_t high = 1ULL << 40;
    for (const Case& one : {Case{Compare::kEqual, 7, ~0ULL, 7, 7 + high},
                            Case{Compare::kNotEqual, 7, ~0ULL, 7 + high, 7},
                            Case{Compare::kLess, high, ~0ULL, high - 1, high},
                            Case{Compare::kLessOrEqual, high, ~0ULL, high, high + 1},
                            Case{Compare::kGreater, high, ~0ULL, high + 1, high},
                            Case{Compare::kGreaterOrEqual, high, ~0ULL, high, high - 1},
                            Case{Compare::kMaskedEqual, 4, 6, 4 + 1 + high, 6}}) {
        const std::string program = compile_seccomp(filter_of(
            {{.name = "getppid",
              .tests = {
                  {.index = 0, .compare = one.compare, .value = one.value, .mask = one.mask}}}}));
        const auto answer = [&](std::uint64_t argument) {
            return under_filter(
                program, [argument] { return number_after(::syscall(SYS_getppid, argument)); });
        };
        EXPECT_EQ(answer(one.holds), 0) << static_cast<int>(one.compare);
        EXPECT_EQ(answer(one.fails), EPERM) << static_cast<int>(one.compare);
    }
}

#if defined(__x86_64__)
TEST(SeccompFilter, KillsAnotherArchitecturesCalls)
{
    const std::string program = compile_seccomp(filter_of({{.name = "getpid"}}));

    // 20 is getpid by int 0x80; on x86-64 it is writev
    EXPECT_EQ(under_filter(program,
                           [] {
                               long result = 20;
                               asm volatile("int $0x80" : "+a"(result) : : "memory");
                               return static_cast<int>(result > 0);
                           }),
              128 + SIGSYS);
}

TEST(SeccompFilter, KnowsNoX32)
{
    constexpr long kX32 = 0x40000000;
    const std::string program = compile_seccomp(filter_of({{.name = "getppid"}}));

    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(kX32 + SYS_getppid)); }),
              ENOSYS);
}
#endif

TEST(SeccompFilter, RefusesNamesThatNoKernelHasAndSkipsOtherArchitectures)
{
    EXPECT_THROW((void)compile_seccomp(filter_of({{.name = "no_such_call"}})), Error);
    EXPECT_NO_THROW(
        (void)compile_seccomp(filter_of({{.name = "socketcall"}, {.name = "breakpoint"}})));
}

TEST(SeccompFilter, TakesARuleThatSaysWhatTheDefaultSays)
{
    EXPECT_NO_THROW((void)compile_seccomp(
        filter_of({{.name = "getuid", .action = SeccompRule::Action::kErrno, .error = EPERM}})));
}

} // namespace
} // namespace caisson::sandbox

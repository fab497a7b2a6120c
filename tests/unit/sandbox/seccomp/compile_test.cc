#include "sandbox/base/error.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/seccomp/compile.hh"
#include "sandbox/seccomp/evaluate.hh"
#include "sandbox/seccomp/syscall_arguments.hh"
#include "sandbox/seccomp/text.hh"
#include "sandbox/sys/kernel_abi.hh"

#include <cerrno>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <random>
#include <sys/prctl.h>
#include <sys/socket.h>
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

TEST(SeccompFilter, AnswersNoSuchCallWhereNoneIsKnown)
{
    const std::string program = compile_seccomp(filter_of({}));
    constexpr long kNeverGiven = 400; // on no 64-bit architecture
    const long beyond = sys::kNewestSystemCall + 1L;

    EXPECT_EQ(under_filter(program, [&] { return number_after(::syscall(beyond)); }), ENOSYS);
    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(sys::kNewestSystemCall)); }),
              EPERM);
    EXPECT_EQ(under_filter(program, [] { return number_after(::syscall(kNeverGiven)); }), ENOSYS);
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

TEST(SeccompFilter, ComparesAsManyBitsAsTheKernelReads)
{
    // the kernel takes the low half of each argument: so does the filter, or this one would be
    // passed by any number above 32 bits
    const SeccompRule refused = {.name = "socketpair",
                                 .action = SeccompRule::Action::kErrno,
                                 .error = EAFNOSUPPORT,
                                 .tests = {{.index = 0, .value = AF_UNIX}}};
    SeccompFilter filter = filter_of({refused});
    filter.otherwise = SeccompRule::Action::kAllow;
    const std::string program = compile_seccomp(filter);
    const auto make_pair = [](std::uint64_t above) {
        return [above] {
            int ends[2] = {};
            return number_after(
                ::syscall(SYS_socketpair, above | AF_UNIX, above | SOCK_STREAM, above, ends));
        };
    };
    const std::uint64_t above = 1ULL << 32;

    EXPECT_EQ(make_pair(above)(), 0) << "the kernel reads more than 32 bits: it proves nothing";
    EXPECT_EQ(under_filter(program, make_pair(0)), EAFNOSUPPORT);
    EXPECT_EQ(under_filter(program, make_pair(above)), EAFNOSUPPORT);
}

// --- any rules, against a reading of them one by one ---

bool holds(const ArgumentTest& test, std::uint64_t argument)
{
    using Compare = ArgumentTest::Compare;
    switch (test.compare) {
    case Compare::kEqual:
        return argument == test.value;
    case Compare::kNotEqual:
        return argument != test.value;
    case Compare::kLess:
        return argument < test.value;
    case Compare::kLessOrEqual:
        return argument <= test.value;
    case Compare::kGreater:
        return argument > test.value;
    case Compare::kGreaterOrEqual:
        return argument >= test.value;
    case Compare::kMaskedEqual:
        return (argument & test.mask) == test.value;
    case Compare::kMaskedNotEqual:
        return (argument & test.mask) != test.value;
    }
    return false;
}

std::uint32_t answer_one_by_one(const SeccompFilter& filter, const seccomp_data& call)
{
    for (const SeccompRule& rule : filter.rules) {
        bool all = true;
        for (const ArgumentTest& test : rule.tests) {
            const unsigned bits = argument_bits(Architecture::kNative, rule.name, test.index);
            const std::uint64_t read = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
            all = all && holds(test, call.args[test.index] & read);
        }
        if (all)
            return rule.action == SeccompRule::Action::kAllow
                       ? SECCOMP_RET_ALLOW
                       : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(rule.error);
    }
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(filter.default_error);
}

/// Rules for one call, with values close to each other, so that they overlap.
class Dice {
public:
    explicit Dice(unsigned seed)
        : engine_(seed)
    {}

    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

    std::uint64_t value(bool wide)
    {
        constexpr std::uint64_t kEdges[] = {0, 1, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0xffffffff};
        std::uint64_t value = kEdges[below(std::size(kEdges))] + below(4);
        if (wide && below(2) == 0) value |= below(4) << 32U;
        return wide ? value : value & UINT32_MAX;
    }

    ArgumentTest test(const std::string& name)
    {
        ArgumentTest test{.index = static_cast<unsigned>(below(3)),
                          .compare = static_cast<ArgumentTest::Compare>(below(8))};
        const unsigned bits = argument_bits(Architecture::kNative, name, test.index);
        const std::uint64_t read = bits == 64 ? ~0ULL : (1ULL << bits) - 1;
        test.value = value(bits == 64) & read;
        if (test.compare >= ArgumentTest::Compare::kMaskedEqual) {
            test.mask = below(2) == 0 ? value(bits == 64) : ~below(16);
            test.value &= test.mask;
        }
        return test;
    }

    SeccompFilter filter(const std::string& name)
    {
        SeccompFilter filter;
        for (std::uint64_t count = 1 + below(6); count > 0; --count) {
            SeccompRule rule{.name = name};
            if (below(2) == 0) {
                rule.action = SeccompRule::Action::kErrno;
                rule.error = static_cast<int>(1 + below(100));
            }
            for (std::uint64_t tests = below(4); tests > 0; --tests)
                rule.tests.push_back(test(name));
            filter.rules.push_back(std::move(rule));
        }
        return filter;
    }

private:
    std::mt19937_64 engine_;
};

TEST(SeccompFilter, AnswersWhatItsRulesSayOneByOne)
{
    const std::pair<std::string, long> calls[] = {{"socket", SYS_socket},      // 32 bits each
                                                  {"fchmodat", SYS_fchmodat},  // 32, 64, 16
                                                  {"mprotect", SYS_mprotect}}; // 64 each
    for (unsigned seed = 0; seed < 600; ++seed) {
        Dice dice(seed);
        const auto& [name, number] = calls[seed % std::size(calls)];
        const SeccompFilter filter = dice.filter(name);
        const std::string program = compile_seccomp(filter);
        std::vector<sock_filter> instructions(program.size() / sizeof(sock_filter));
        std::memcpy(instructions.data(), program.data(), program.size());
        for (int sample = 0; sample < 200; ++sample) {
            seccomp_data call = {};
            call.nr = static_cast<int>(number);
            call.arch = kNativeArchitecture;
            for (auto& argument : call.args)
                argument = dice.value(true);

            ASSERT_EQ(evaluate_seccomp(instructions, call), answer_one_by_one(filter, call))
                << "seed " << seed << ": " << name << "(" << std::hex << call.args[0] << ", "
                << call.args[1] << ", " << call.args[2] << ")\n"
                << disassemble_seccomp(program);
        }
    }
}

TEST(SeccompFilter, TakesANegativeNumberInEitherWidth)
{
    for (const std::uint64_t minus_one : {std::uint64_t{UINT32_MAX}, ~std::uint64_t{0}}) {
        const std::string program = compile_seccomp(
            filter_of({{.name = "personality", .tests = {{.index = 0, .value = minus_one}}}}));
        const auto ask = [](std::uint64_t argument) {
            return [argument] { return number_after(::syscall(SYS_personality, argument)); };
        };

        EXPECT_EQ(under_filter(program, ask(UINT32_MAX)), 0);
        EXPECT_EQ(under_filter(program, ask(~0ULL)), 0);
        EXPECT_EQ(under_filter(program, ask(0)), EPERM);
    }
}

TEST(SeccompFilter, TakesAnyNumberOfRules)
{
    // more code than a conditional jump reaches over
    std::vector<SeccompRule> rules;
    for (std::uint64_t value = 0; value < 300; ++value)
        rules.push_back({.name = "mprotect", .tests = {{.index = 2, .value = value << 33U}}});
    const std::string program = compile_seccomp(filter_of(std::move(rules)));
    const auto protect = [](std::uint64_t argument) {
        return [argument] { return number_after(::syscall(SYS_mprotect, 0, 0, argument)); };
    };

    EXPECT_NE(under_filter(program, protect(299ULL << 33U)), EPERM);
    EXPECT_EQ(under_filter(program, protect(300ULL << 33U)), EPERM);
    std::vector<SeccompRule> far_too_many;
    for (std::uint64_t value = 0; value < 1000; ++value)
        far_too_many.push_back(
            {.name = "mprotect", .tests = {{.index = 2, .value = value << 33U}}});
    EXPECT_THROW((void)compile_seccomp(filter_of(std::move(far_too_many))), Error);
}

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

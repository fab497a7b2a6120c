#include "sandbox/base/error.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/seccomp/compile.hh"
#include "sandbox/seccomp/evaluate.hh"
#include "sandbox/seccomp/i386_filter.hh"
#include "sandbox/seccomp/syscall_table.hh"

#include <cstring>
#include <gtest/gtest.h>
#include <linux/seccomp.h>

namespace caisson::sandbox {
namespace {

#if defined(__x86_64__)

constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

class I386Image {
public:
    explicit I386Image(std::vector<SeccompRule> rules)
    {
        const std::string bytes =
            compile_seccomp(filter_of_i386_image({.rules = std::move(rules)}));
        program_.resize(bytes.size() / sizeof(sock_filter));
        std::memcpy(program_.data(), bytes.data(), bytes.size());
    }

    [[nodiscard]] std::uint32_t answer(const char* name,
                                       std::initializer_list<std::uint64_t> arguments = {}) const
    {
        return ask(AUDIT_ARCH_I386, *syscall_number(Architecture::kI386, name), arguments);
    }

    [[nodiscard]] std::uint32_t native_answer(const char* name) const
    {
        return ask(kNativeArchitecture, *syscall_number(Architecture::kNative, name), {});
    }

private:
    [[nodiscard]] std::uint32_t ask(std::uint32_t architecture,
                                    std::uint32_t number,
                                    std::initializer_list<std::uint64_t> arguments) const
    {
        seccomp_data call = {.nr = static_cast<int>(number), .arch = architecture};
        std::copy(arguments.begin(), arguments.end(), call.args);
        return evaluate_seccomp(program_, call);
    }

    std::vector<sock_filter> program_;
};

TEST(I386Filter, LooksNamesUpInTheirOwnTable)
{
    const I386Image image({{.name = "getpid"}, {.name = "fcntl64"}});

    EXPECT_EQ(image.answer("getpid"), SECCOMP_RET_ALLOW);
    EXPECT_EQ(image.answer("fcntl64"), SECCOMP_RET_ALLOW);
    EXPECT_EQ(image.answer("fcntl"), kRefused);
    EXPECT_EQ(image.native_answer("getpid"), kRefused);
}

TEST(I386Filter, LeavesNativeCallsForTheSetUpAlone)
{
    const I386Image image({{.name = "socket"}, {.name = "open"}});

    EXPECT_EQ(image.native_answer("execve"), SECCOMP_RET_ALLOW);
    for (const char* name : {"socket", "open", "openat", "clone", "ptrace", "ioctl"})
        EXPECT_EQ(image.native_answer(name), kRefused) << name;
}

TEST(I386Filter, AnswersASubcallAsItsCallWhereNoArgumentMatters)
{
    const I386Image image({{.name = "connect"},
                           {.name = "bind", .action = SeccompRule::Action::kErrno, .error = EACCES},
                           {.name = "sendto"},
                           {.name = "accept4"}});

    EXPECT_EQ(image.answer("socketcall", {3}), SECCOMP_RET_ALLOW);          // connect
    EXPECT_EQ(image.answer("socketcall", {2}), SECCOMP_RET_ERRNO | EACCES); // bind
    EXPECT_EQ(image.answer("socketcall", {9}), SECCOMP_RET_ALLOW);          // send, as sendto
    EXPECT_EQ(image.answer("socketcall", {5}), SECCOMP_RET_ALLOW);          // accept, as accept4
    EXPECT_EQ(image.answer("socketcall", {4}), kRefused); // listen, which nothing names
    EXPECT_EQ(image.answer("socketcall", {0}), SECCOMP_RET_ERRNO | EINVAL);
    EXPECT_EQ(image.answer("socketcall", {21}), SECCOMP_RET_ERRNO | EINVAL);
    // a 64-bit program may fill the upper half of the register; the kernel drops it
    EXPECT_EQ(image.answer("socketcall", {1ULL << 32 | 3}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(image.answer("socketcall", {1ULL << 32 | 4}), kRefused);
}

TEST(I386Filter, LeavesToTheSupervisorWhereArgumentsMatter)
{
    const I386Image image({{.name = "socket", .tests = {{.index = 0, .value = 1}}},
                           {.name = "socketpair"},
                           {.name = "setsockopt", .tests = {{.index = 1, .value = 1}}}});

    EXPECT_EQ(image.answer("socketcall", {1}), SECCOMP_RET_USER_NOTIF);
    EXPECT_EQ(image.answer("socketcall", {8}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(image.answer("socketcall", {14}), SECCOMP_RET_USER_NOTIF);
    EXPECT_EQ(image.answer("socket", {40, 1, 0}), kRefused);
    EXPECT_THROW(I386Image({{.name = "connect", .tests = {{.index = 2, .value = 16}}}}), Error);
}

TEST(I386Filter, IsNotWidenedByARuleThatAllowsSocketcall)
{
    const SeccompRule family = {.name = "socket", .tests = {{.index = 0, .value = 1}}};
    const I386Image allowed({{.name = "socketcall"}, family, {.name = "connect"}});
    const I386Image refused(
        {{.name = "socketcall", .action = SeccompRule::Action::kErrno, .error = ENOSYS}, family});

    EXPECT_EQ(allowed.answer("socketcall", {1}), SECCOMP_RET_USER_NOTIF);
    EXPECT_EQ(allowed.answer("socketcall", {3}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(allowed.answer("socketcall", {2}), kRefused);
    EXPECT_EQ(refused.answer("socketcall", {1}), SECCOMP_RET_ERRNO | ENOSYS);
}

#endif

} // namespace
} // namespace caisson::sandbox

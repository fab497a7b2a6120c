// What the floor gives our own programs to restrict themselves with. Each attempt succeeds outside
// first: one that cannot proves nothing.
#include "sandbox/base/error.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/seccomp.hh"
#include "tests/support/require.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson {
namespace {

constexpr int kDiedOf = 128; ///< plus the signal

/// What `attempt` gives (0 or an errno) in a child, which raises `walls` before it.
int in_child(const std::function<void()>& walls, const std::function<int()>& attempt)
{
    const pid_t child = ::fork();
    if (child == 0) {
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(errno);
        walls();
        ::_exit(attempt());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : kDiedOf + WTERMSIG(status);
}

int outside(const std::function<int()>& attempt)
{
    return in_child([] {}, attempt);
}

template<std::size_t N>
int behind(const std::array<int, N>& calls, const std::function<int()>& attempt)
{
    return in_child([&] { seccomp_set_filter(filter_that_allows(calls)); }, attempt);
}

int errno_of(long result)
{
    return result < 0 ? errno : 0;
}

int map_memory(int protection)
{
    void* memory = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? errno : 0;
}

/// And a pipe to itself, by which UBSan asks whether memory is readable, and what ASan does before
/// a function that does not return.
template<std::size_t N>
constexpr std::array<int, N + 5> with_those_of_sanitizers(const std::array<int, N>& calls)
{
    std::array<int, N + 5> all = {};
    std::copy(calls.begin(), calls.end(), all.begin());
    constexpr std::array kTheirs = {SYS_pipe2, SYS_read, SYS_write, SYS_close, SYS_sigaltstack};
    std::copy(kTheirs.begin(), kTheirs.end(), all.begin() + N);
    return all;
}

TEST(FilterThatAllows, LetsThroughItsCallsAndNoOther)
{
    constexpr auto kCalls = with_those_of_sanitizers(std::array{SYS_getppid, SYS_exit_group});
    const auto listed = [] { return errno_of(::getppid()); };
    const auto unlisted = [] { return errno_of(::syscall(SYS_getuid)); };

    EXPECT_EQ(outside(unlisted), 0);
    EXPECT_EQ(behind(kCalls, unlisted), EPERM);
    EXPECT_EQ(behind(kCalls, listed), 0);
}

TEST(FilterThatAllows, LetsNoMemoryBecomeExecutableWhereverTheCallStands)
{
    constexpr auto kFirst =
        with_those_of_sanitizers(std::array{SYS_mmap, SYS_mprotect, SYS_getppid, SYS_exit_group});
    constexpr auto kLast =
        with_those_of_sanitizers(std::array{SYS_exit_group, SYS_getppid, SYS_mprotect, SYS_mmap});
    const auto data = [] { return map_memory(PROT_READ | PROT_WRITE); };
    const auto code = [] { return map_memory(PROT_READ | PROT_EXEC); };
    const auto turned_to_code = [] {
        void* memory = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return errno_of(::mprotect(memory, 4096, PROT_READ | PROT_EXEC));
    };

    EXPECT_EQ(outside(code), 0);
    EXPECT_EQ(outside(turned_to_code), 0);
    for (const auto& calls : {kFirst, kLast}) {
        EXPECT_EQ(behind(calls, data), 0);
        EXPECT_EQ(behind(calls, code), EPERM);
        EXPECT_EQ(behind(calls, turned_to_code), EPERM);
    }
}

#if defined(__x86_64__)
TEST(FilterThatAllows, KillsOnAForeignArchitecture)
{
    // number 20 is getpid for i386 and writev for x86-64
    const auto getpid_of_i386 = [] {
        long result = 20;
        __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
        return result > 0 ? 0 : ENOSYS;
    };
    CAISSON_REQUIRE(outside(getpid_of_i386) == 0, "this kernel runs no i386 programs");

    EXPECT_EQ(behind(std::array{SYS_writev, SYS_exit_group}, getpid_of_i386), kDiedOf + SIGSYS);
}
#endif

TEST(FilterThatAllows, RefusesMoreCallsThanItsJumpsReach)
{
    EXPECT_THROW((void)filter_that_allows(std::array<int, 201>{}), Error);
}

TEST(LandlockDenyEverything, ClosesEveryPathButNoOpenFile)
{
    CAISSON_REQUIRE(landlock_abi() > 0, "this kernel has no Landlock");
    const UniqueFd open(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    const auto open_file = [] { return errno_of(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)); };
    const auto list_root = [] { return errno_of(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); };
    const auto make_file = [] {
        return errno_of(::open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    };
    char byte = 0;
    const auto read_open = [&] { return errno_of(::read(open.get(), &byte, 1)); };

    for (const auto& attempt : {std::function<int()>(open_file), {list_root}, {make_file}}) {
        EXPECT_EQ(outside(attempt), 0);
        EXPECT_EQ(in_child(landlock_deny_everything, attempt), EACCES);
    }
    EXPECT_EQ(in_child(landlock_deny_everything, read_open), 0);
}

} // namespace
} // namespace caisson

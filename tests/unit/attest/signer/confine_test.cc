#include "attest/key.hh"
#include "attest/signer/confine.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::attest {
namespace {

/// What `attempt` returns in a child of its own, which cannot be undone what confine() does to it.
int in_child(const std::function<int()>& attempt)
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(attempt());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Attempt {
    const char* name;
    std::function<long()> call; ///< -1 and errno when it fails
};

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(const Attempt& attempt, std::ostream* out)
{
    *out << attempt.name;
}

class Confined : public ::testing::TestWithParam<Attempt> {};

// Each attempt works outside first: one that cannot succeed proves nothing.
TEST_P(Confined, CannotDoWhatItCouldBefore)
{
    const auto& call = GetParam().call;
    constexpr int kSucceeded = 1;
    constexpr int kDenied = 2;
    constexpr int kFailedOtherwise = 3;
    const auto attempt = [&] {
        errno = 0;
        if (call() != -1) return kSucceeded;
        return errno == EPERM ? kDenied : kFailedOtherwise;
    };

    EXPECT_EQ(in_child(attempt), kSucceeded);
    EXPECT_EQ(in_child([&] {
                  close_memory();
                  confine();
                  return attempt();
              }),
              kDenied);
}

int run_true()
{
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    char* environment[] = {nullptr};
    return ::execve(program, arguments, environment);
}

INSTANTIATE_TEST_SUITE_P(
    Signer,
    Confined,
    ::testing::Values(
        Attempt{"open", [] { return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC); }},
        Attempt{"create", [] { return ::memfd_create("x", MFD_CLOEXEC); }},
        Attempt{"socket", [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }},
        Attempt{"fork",
                [] {
                    const pid_t child = ::fork();
                    if (child == 0) ::_exit(0);
                    return child;
                }},
        Attempt{"ptrace", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
        Attempt{"kill", [] { return ::kill(::getppid(), 0); }},
        Attempt{"executable memory",
                [] {
                    void* memory = ::mmap(nullptr,
                                          4096,
                                          PROT_READ | PROT_WRITE | PROT_EXEC,
                                          MAP_PRIVATE | MAP_ANONYMOUS,
                                          -1,
                                          0);
                    return memory == MAP_FAILED ? -1L : 0L;
                }},
        Attempt{"make memory executable",
                [] {
                    void* memory =
                        ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                    return ::mprotect(memory, 4096, PROT_READ | PROT_EXEC);
                }}),
    [](const auto& attempt) {
        std::string name = attempt.param.name;
        std::replace(name.begin(), name.end(), ' ', '_');
        return name;
    });

TEST(Confine, StopsPrograms)
{
    EXPECT_EQ(in_child(run_true), 0);
    EXPECT_EQ(in_child([] {
                  close_memory();
                  confine();
                  return run_true() == -1 && errno == EPERM ? 7 : 8;
              }),
              7);
}

TEST(Confine, LeavesSigningWhole)
{
    EXPECT_EQ(in_child([] {
                  const PrivateKey key = PrivateKey::generate();
                  close_memory();
                  confine();
                  const std::string large(8U << 20, 'x'); // malloc turns to mmap
                  return key.public_key().verifies(large, key.sign(large)) ? 0 : 1;
              }),
              0);
}

TEST(CloseMemory, LeavesNoDumpAndNoWayIn)
{
    EXPECT_EQ(in_child([] {
                  close_memory();
                  rlimit core = {};
                  ::getrlimit(RLIMIT_CORE, &core);
                  return ::prctl(PR_GET_DUMPABLE) == 0 &&
                                 ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && core.rlim_max == 1
                             ? 0
                             : 1;
              }),
              0);
}

} // namespace
} // namespace caisson::attest

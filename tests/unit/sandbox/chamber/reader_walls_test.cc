// What is left to a process that reads a stranger's archive in the auditor's own identity. Each
// attempt succeeds outside first: one that cannot proves nothing.
#include "sandbox/base/file.hh"
#include "sandbox/chamber/worker_walls.hh"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

int in_child(const std::function<int()>& attempt)
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(attempt());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#ifdef __SANITIZE_THREAD__
constexpr int kUnshared = CLONE_FS; // TSan's thread: who has threads makes no user namespace
#else
constexpr int kUnshared = CLONE_NEWUSER;
#endif

struct Attempt {
    const char* name;
    std::function<long()> call; ///< -1 and errno when it fails
};

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(const Attempt& attempt, std::ostream* out)
{
    *out << attempt.name;
}

class ReaderWalls : public ::testing::TestWithParam<Attempt> {};

TEST_P(ReaderWalls, Refuse)
{
    const auto attempt = [] { return GetParam().call() < 0 ? errno : 0; };

    EXPECT_EQ(in_child(attempt), 0);
    EXPECT_EQ(in_child([&] {
                  raise_reader_walls();
                  return attempt();
              }),
              EPERM);
}

INSTANTIATE_TEST_SUITE_P(
    Each,
    ReaderWalls,
    ::testing::Values(
        Attempt{"Open", [] { return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC); }},
        Attempt{"Stat",
                [] {
                    struct stat status = {};
                    return ::lstat("/etc/passwd", &status);
                }},
        Attempt{"ChangeDirectory", [] { return ::chdir("/tmp"); }},
        Attempt{"MakeMemoryFile", [] { return ::memfd_create("x", MFD_CLOEXEC); }},
        Attempt{"MakeSocket", [] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }},
        Attempt{"Duplicate", [] { return ::fcntl(0, F_DUPFD_CLOEXEC, 3); }},
        Attempt{"Fork",
                [] {
                    const pid_t child = ::fork();
                    if (child == 0) ::_exit(0);
                    return child;
                }},
        Attempt{"Signal", [] { return ::kill(::getppid(), 0); }},
        Attempt{"Unshare", [] { return ::unshare(kUnshared); }},
        Attempt{"BecomeDumpable", [] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
        Attempt{"ExecutableMemory",
                [] {
                    void* memory = ::mmap(
                        nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                    return memory == MAP_FAILED ? -1L : 0L;
                }}),
    [](const auto& attempt) { return std::string(attempt.param.name); });

TEST(RaiseReaderWalls, LeavesNoCapabilityAndNoWayToGetOne)
{
    auto [hold_read, hold_write] = make_pipe();
    auto [ready_read, ready_write] = make_pipe();
    const pid_t child = ::fork();
    if (child == 0) {
        raise_reader_walls();
        write_all(ready_write.get(), "!");
        char byte = 0;
        ::_exit(static_cast<int>(::read(hold_read.get(), &byte, 1)));
    }
    char byte = 0;
    ASSERT_EQ(::read(ready_read.get(), &byte, 1), 1);
    const std::string status = read_file("/proc/" + std::to_string(child) + "/status", 1U << 16);
    write_all(hold_write.get(), "!");
    ::waitpid(child, nullptr, 0);

    for (const char* line : {"CapInh:\t0000000000000000",
                             "CapPrm:\t0000000000000000",
                             "CapEff:\t0000000000000000",
                             "CapAmb:\t0000000000000000",
                             "NoNewPrivs:\t1",
                             "Seccomp:\t2"})
        EXPECT_NE(status.find(line), std::string::npos) << line << " in " << status;
}

} // namespace
} // namespace caisson::sandbox

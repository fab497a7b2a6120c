#include "sandbox/base/file.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/features.hh"
#include "tests/support/require.hh"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

int errno_of(long result)
{
    return result < 0 ? errno : 0;
}

enum class Place { kOutside, kInside };

/// What `attempt` says in a process of its own; inside: confined as process 1 of a cell.
std::string said(Place place, const std::function<std::string()>& attempt)
{
    auto [read_end, write_end] = make_pipe();
    const pid_t child = ::fork();
    if (child == 0) {
        if (place == Place::kInside) confine_init();
        write_all(write_end.get(), attempt());
        ::_exit(0);
    }
    write_end.reset();
    std::string text = read_all(read_end.get(), 1000, "what it said");
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return text;
}

/// The errno of `attack` inside, after it was seen to work out here.
std::string errno_inside(const std::function<int()>& attack)
{
    const auto attempt = [&] { return std::to_string(attack()); };
    EXPECT_EQ(said(Place::kOutside, attempt), "0") << "the attack does not even work outside";
    return said(Place::kInside, attempt);
}

const std::string kRefused = std::to_string(EPERM);

TEST(InitWalls, LeaveItItsWork)
{
    EXPECT_EQ(said(Place::kInside,
                   [] {
                       int status = 0; // there is nobody to wait for, and that is all that is wrong
                       const long waited = ::syscall(SYS_wait4, -1, &status, 0, nullptr);
                       const std::string memory(1U << 20, ' ');
                       return std::to_string(errno_of(waited)) + " " +
                              std::to_string(memory.size());
                   }),
              std::to_string(ECHILD) + " 1048576");
}

TEST(InitWalls, RefuseFiles)
{
    EXPECT_EQ(errno_inside([] {
                  const UniqueFd fd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
                  return errno_of(fd.get());
              }),
              kRefused);
}

TEST(InitWalls, RefuseSockets)
{
    EXPECT_EQ(errno_inside([] {
                  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
                  return errno_of(fd.get());
              }),
              kRefused);
}

TEST(InitWalls, RefuseSignals)
{
    const pid_t outside = ::getpid();
    EXPECT_EQ(errno_inside([&] { return errno_of(::kill(outside, 0)); }), kRefused);
}

TEST(InitWalls, RefuseNewProcessesAndPrograms)
{
    EXPECT_EQ(errno_inside([] {
                  const pid_t pid = ::fork();
                  if (pid == 0) ::_exit(0);
                  const int error = errno_of(pid);
                  if (pid > 0) ::waitpid(pid, nullptr, 0);
                  return error;
              }),
              kRefused);
    const auto become_true = [] {
        char name[] = "/bin/true";
        char* const arguments[] = {name, nullptr};
        return std::to_string(errno_of(::execve(name, arguments, nullptr)));
    };
    EXPECT_EQ(said(Place::kOutside, become_true), "") << "it should have become another program";
    EXPECT_EQ(said(Place::kInside, become_true), kRefused);
}

TEST(InitWalls, RefuseExecutableMemory)
{
    EXPECT_EQ(errno_inside([] {
                  void* const memory = ::mmap(
                      nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return memory == MAP_FAILED ? errno : 0;
              }),
              kRefused);
}

TEST(InitWalls, RefuseNamespaces)
{
    CAISSON_REQUIRE(user_namespaces_work(), "user namespaces are off here");
    EXPECT_EQ(errno_inside([] { return errno_of(::unshare(CLONE_NEWUSER)); }), kRefused);
}

} // namespace
} // namespace caisson::sandbox

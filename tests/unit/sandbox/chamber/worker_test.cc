#include "sandbox/base/error.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/chamber/worker.hh"
#include "sandbox/sys/path.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace caisson::sandbox {
namespace {

using testing::TreeStore;

class WorkerWalls : public ::testing::Test {
protected:
    /// What `attack` gives (0 or an errno) inside a worker, after it was seen to work out here.
    int errno_inside(const std::function<int()>& attack)
    {
        EXPECT_EQ(attack(), 0) << "the attack does not even work outside";
        return store.work({.upper = "own", .raw = true}, "", [&](int, int) {
            return std::to_string(attack());
        })["result"];
    }

    void SetUp() override
    {
        (void)store.tree("other");
        write_file_atomically(store.tree("own") / "mine", "my content");
    }

    TreeStore store;
};

int errno_of(long result)
{
    return result < 0 ? errno : 0;
}

TEST_F(WorkerWalls, LeaveOnlyTheTreeInSight)
{
    const auto answer = store.work({.upper = "own", .raw = true}, "", [](int root, int) {
        nlohmann::json names = nlohmann::json::array();
        for (const auto& entry : sys::read_directory(root))
            names.push_back(entry.name);
        const UniqueFd above(::open("/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        for (const auto& entry : sys::read_directory(above.get()))
            names.push_back(entry.name);
        return names.dump();
    });

    EXPECT_EQ(answer["result"], nlohmann::json({"mine", "mine"}));
}

TEST_F(WorkerWalls, HoldNoDescriptorButTheStream)
{
    const UniqueFd leaked(
        ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); // NOLINT(android-cloexec-open)

    const auto answer =
        store.work({.upper = "own", .raw = true}, "bytes", [](int root, int stream) {
            nlohmann::json open = nlohmann::json::array();
            for (int fd = 0; fd < 1024; ++fd)
                if (fd != root && ::fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
            open.push_back(read_all(stream, 100, "stream"));
            return open.dump();
        });

    EXPECT_EQ(answer["result"], nlohmann::json({0, 1, 2, 3, 4, "bytes"}));
}

TEST_F(WorkerWalls, RefuseSockets)
{
    EXPECT_EQ(errno_inside([] {
                  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
                  return errno_of(fd.get());
              }),
              EPERM);
}

TEST_F(WorkerWalls, RefuseNewProcesses)
{
    EXPECT_EQ(errno_inside([] {
                  const pid_t pid = ::fork();
                  if (pid == 0) ::_exit(0);
                  const int error = errno_of(pid);
                  if (pid > 0) ::waitpid(pid, nullptr, 0);
                  return error;
              }),
              EPERM);
}

TEST_F(WorkerWalls, RefuseSignalsToTheChamber)
{
    const pid_t chamber = ::getpid();
    EXPECT_EQ(errno_inside([&] { return errno_of(::kill(chamber, 0)); }), EPERM);
}

TEST_F(WorkerWalls, RefuseExecutableMemory)
{
    EXPECT_EQ(errno_inside([] {
                  void* memory = ::mmap(
                      nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  return memory == MAP_FAILED ? errno : 0;
              }),
              EPERM);
}

TEST_F(WorkerWalls, RefuseNamespacesAndMounts)
{
    EXPECT_EQ(errno_inside([] { return errno_of(::unshare(CLONE_NEWNS)); }), EPERM);
    EXPECT_EQ(errno_inside([] {
                  return errno_of(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
              }),
              EPERM);
}

TEST_F(WorkerWalls, RefuseDeviceNodesButNotFifos)
{
    const UniqueFd here = open_file(store.tree("other"), O_RDONLY | O_DIRECTORY);
    ASSERT_EQ(::mknodat(here.get(), "null", S_IFCHR | 0600, 0), 0) << "outside it works";

    const auto answer = store.work({.upper = "own", .raw = true}, "", [](int root, int) {
        const int device = errno_of(::mknodat(root, "null", S_IFCHR | 0600, 0));
        const int fifo = errno_of(::mknodat(root, "fifo", S_IFIFO | 0600, 0));
        return nlohmann::json({device, fifo}).dump();
    });

    EXPECT_EQ(answer["result"], nlohmann::json({EACCES, 0})) << "EACCES: Landlock";
}

TEST_F(WorkerWalls, KeepOnlyFileCapabilitiesAndNoNewPrivileges)
{
    // read before the filter forbids prctl: the state is the parent's view of /proc/PID/status
    auto [read_end, write_end] = make_pipe();
    const Worker worker = start_worker(
        store.trees(), {.upper = "own", .raw = true}, read_end.get(), [](int, int stream) {
            return std::to_string(read_all(stream, 100, "stream").size());
        });
    std::string status;
    for (int tries = 0; tries < 200 && status.find("Seccomp:\t2") == std::string::npos; ++tries) {
        ::usleep(5000);
        status = read_file("/proc/" + std::to_string(worker.pid) + "/status", 1U << 16);
    }
    write_end.reset();
    EXPECT_EQ(testing::answer_of(worker)["result"], 0);

    EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos) << status;
    EXPECT_NE(status.find("CapInh:\t0000000000000000"), std::string::npos);
    EXPECT_NE(status.find("CapEff:\t000000008000001b"), std::string::npos)
        << "CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP";
    EXPECT_NE(status.find("CapBnd:\t000000008000001b"), std::string::npos);
}

TEST_F(WorkerWalls, SendAnErrorUpWithItsKind)
{
    const auto answer = store.work({.upper = "own", .raw = true}, "", [](int, int) -> std::string {
        throw Error(ErrorKind::kInput, "the layer is damaged", "fetch it again");
    });

    EXPECT_EQ(answer["error"]["message"], "the layer is damaged");
    EXPECT_EQ(answer["error"]["kind"], static_cast<int>(ErrorKind::kInput));
}

TEST_F(WorkerWalls, TellThatATreeIsMissing)
{
    const auto answer =
        store.work({.upper = "absent", .raw = true}, "", [](int, int) { return "1"; });

    EXPECT_EQ(answer["error"]["message"],
              "start a worker: open_tree \"absent/fs\": No such file or directory");
}

TEST_F(WorkerWalls, RefuseATreesNameThatIsAPath)
{
    const auto answer =
        store.work({.upper = "../x", .raw = true}, "", [](int, int) { return "1"; });

    EXPECT_EQ(answer["error"]["message"], "start a worker: \"../x\" is no name of a tree");
}

TEST_F(WorkerWalls, LetAWorkerRemoveTreesButNotLeaveTheirDirectory)
{
    const auto answer = store.work({.raw = true}, "", [](int root, int) {
        remove_tree(root, "other");
        return std::to_string(sys::read_directory(root).size());
    });

    EXPECT_EQ(answer["result"], 1);
}

TEST_F(WorkerWalls, DieWithTheChamber)
{
    auto [pid_read, pid_write] = make_pipe();
    auto [alive_read, alive_write] = make_pipe();
    const pid_t chamber = ::fork();
    if (chamber == 0) {
        auto [stream_read, stream_write] = make_pipe(); // never closed: the worker waits for ever
        const Worker worker = start_worker(
            store.trees(), {.upper = "own", .raw = true}, stream_read.get(), [](int, int stream) {
                (void)read_all(stream, 100, "stream");
                return "1";
            });
        write_all(pid_write.get(), std::to_string(worker.pid));
        pid_write.reset();
        ::pause();
    }
    pid_write.reset();
    alive_write.reset();
    const pid_t worker = std::stoi(read_all(pid_read.get(), 100, "pid"));
    ASSERT_EQ(::kill(worker, 0), 0);

    ::kill(chamber, SIGKILL);
    ::waitpid(chamber, nullptr, 0);

    for (int tries = 0; tries < 200 && ::kill(worker, 0) == 0; ++tries) {
        ::usleep(5000);
        // a zombie until whoever inherited it reaps it: gone is gone
        std::ifstream file("/proc/" + std::to_string(worker) + "/status");
        for (std::string line; std::getline(file, line);)
            if (line.starts_with("State:\tZ")) return;
    }
    EXPECT_NE(::kill(worker, 0), 0);
}

} // namespace
} // namespace caisson::sandbox

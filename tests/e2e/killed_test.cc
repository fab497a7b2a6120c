// kill -9 of each program that a build is made of, at any moment: the build ends, with an error
// unless it was done, and leaves nothing but what it would have left anyway.
#include "tests/e2e/aftermath.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::IsEmpty;

constexpr int kRounds = 6;

std::string line_of(const std::filesystem::path& path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

void add_descendants(int pid, std::vector<int>& found)
{
    std::error_code gone;
    const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
        std::ifstream children(task.path() / "children");
        for (int child = 0; children >> child;) {
            found.push_back(child);
            add_descendants(child, found);
        }
    }
}

/// Those of the build's processes that have this name; the runner is itself one.
std::vector<int> named(const std::string& name, int runner)
{
    std::vector<int> found = {runner};
    add_descendants(runner, found);
    std::erase_if(
        found, [&](int pid) { return line_of("/proc/" + std::to_string(pid) + "/comm") != name; });
    return found;
}

/// Ends a test whose build does not: left alone it would wait for ever.
class Watchdog {
public:
    explicit Watchdog(pid_t build)
        : thread_([this, build] {
            for (int tries = 0; tries < 1500 && !done_; ++tries)
                std::this_thread::sleep_for(20ms);
            if (!done_) {
                ADD_FAILURE() << "the build went on for 30 s";
                ::kill(build, SIGKILL);
            }
        })
    {}
    ~Watchdog()
    {
        done_ = true;
        thread_.join();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

class Killed : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        if (::geteuid() != 0 && !runs_as_the_user())
            GTEST_SKIP() << "only root may kill what runs under subordinate ids";
        work_.add_busybox();
        work_.write("Dockerfile",
                    Workspace::busybox_root() +
                        "RUN i=0; while [ $i -lt 20 ]; do echo $i > /f$i; i=$((i+1)); done\n"
                        "RUN sleep 0.1\nCOPY busybox /again\nRUN sleep 0.1; echo end > /end\n");
    }

    [[nodiscard]] Program start() const
    {
        std::filesystem::remove(work_.path("never.tar"));
        std::filesystem::remove(work_.path("never.tar.sigstore.json"));
        return work_.start({"build",
                            "--no-cache",
                            "-o",
                            "type=oci,dest=" + work_.path("never.tar").native(),
                            work_.context()});
    }

    [[nodiscard]] static bool runs_as_the_user()
    {
        const std::string name = GetParam();
        return name == "caisson" || name == "caisson-signer";
    }

    /// Kills one of the victims once there are some; false where the build has ended before.
    bool kill_one(int runner)
    {
        for (;;) {
            siginfo_t ended = {};
            ::waitid(P_PID, static_cast<id_t>(runner), &ended, WEXITED | WNOHANG | WNOWAIT);
            if (ended.si_pid == runner) return false;
            const std::vector<int> victims = named(GetParam(), runner);
            if (!victims.empty()) return ::kill(victims[random_() % victims.size()], SIGKILL) == 0;
            std::this_thread::sleep_for(1ms);
        }
    }

    /// A build that ended well leaves image and attestation, one that told an error neither. The
    /// runner's own end may come after both were placed, or between the two: then the attestation
    /// is there, never the image alone.
    void expect_all_or_nothing(int exit)
    {
        const bool image = std::filesystem::exists(work_.path("never.tar"));
        const bool attestation = std::filesystem::exists(work_.path("never.tar.sigstore.json"));
        if (exit == 128 + SIGKILL)
            EXPECT_TRUE(attestation || !image);
        else
            EXPECT_THAT((std::array{image, attestation}), Each(exit == 0));
    }

    Workspace work_;
    std::mt19937 random_{20240607}; // NOLINT(cert-msc51-cpp): the same moments every time
};

TEST_P(Killed, LeavesNothingHalfDone)
{
    int killed = 0;
    for (int round = 0; round < kRounds; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        Program build = start();
        const pid_t runner = build.pid();
        const Watchdog watchdog(runner);
        std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 400));

        const bool hit = kill_one(runner);
        const int exit = build.wait();

        killed += hit ? 1 : 0;
        if (!hit)
            EXPECT_EQ(exit, 0);
        else
            EXPECT_THAT(exit, AnyOf(0, 1, 5, 128 + SIGKILL)) << "no bug of caisson's";
        expect_all_or_nothing(exit);
        EXPECT_THAT(left_after(work_), IsEmpty());
    }
    EXPECT_GE(killed, kRounds / 2) << "most were to be killed";
    expect_whole(work_);
}

INSTANTIATE_TEST_SUITE_P(Each,
                         Killed,
                         ::testing::Values("caisson", "caisson-chamber", "caisson-signer", "sleep"),
                         [](const auto& program) {
                             std::string name = program.param;
                             std::erase(name, '-');
                             return name;
                         });

} // namespace
} // namespace caisson::testing

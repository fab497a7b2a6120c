// The cgroups of a build and of its steps, without a chamber.
#include "sandbox/base/file.hh"
#include "sandbox/base/scope_exit.hh"
#include "sandbox/cgroup/build_groups.hh"
#include "sandbox/cgroup/hierarchy.hh"
#include "sandbox/sys/process.hh"

#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace caisson::sandbox::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kMebibyte = 1U << 20;

class Groups : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!BuildGroups::try_make({})) GTEST_SKIP() << "this host gives this user no cgroups";
    }

    /// Whether a group of that name is anywhere on this host.
    static bool exists(const std::string& name)
    {
        using Walk = fs::recursive_directory_iterator;
        for (const Hierarchy& hierarchy : find_hierarchies()) {
            std::error_code gone; // groups come and go
            for (Walk entry(hierarchy.mount, fs::directory_options::skip_permission_denied, gone);
                 entry != Walk() && !gone;
                 entry.increment(gone))
                if (entry->path().filename() == name) return true;
        }
        return false;
    }

    /// Runs `work` in a process of its own in the step's groups.
    template<class Work>
    static void run_in(const StepGroup& step, Work&& work)
    {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            enter(step.entrance());
            work();
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
    }

    /// Whatever ran before it, a step's groups have counted nothing.
    static void expect_new(const StepGroup& step)
    {
        EXPECT_FALSE(step.hit());
        EXPECT_LT(step.cpu().value_or(0us), 20ms);
        EXPECT_LT(step.peak_memory().value_or(0), 8 * kMebibyte);
    }

    /// Moves the calling process in, as a cell does it, or as whoever owns the group can.
    static void enter(const GroupEntrance& entrance)
    {
        for (const int tasks : entrance.tasks)
            write_all(tasks, "0");
        if (entrance.directory >= 0) write_group_file(entrance.directory, "cgroup.procs", "0");
    }
};

TEST_F(Groups, AreGoneWhenTheBuildIs)
{
    auto groups = BuildGroups::try_make({});
    const std::string name = groups->name();
    auto step = groups->take({});
    EXPECT_TRUE(exists(name));

    groups->put_back(std::move(step));
    groups.reset();

    EXPECT_FALSE(exists(name));
}

TEST_F(Groups, OfAKilledBuildAreRemovedByTheNextWithWhatStillRunsInThem)
{
    auto [ready, ready_end] = make_pipe();
    const pid_t builder = ::fork();
    ASSERT_GE(builder, 0);
    if (builder == 0) {
        const auto groups = BuildGroups::try_make({});
        const auto step = groups->take({});
        const pid_t left_behind = ::fork();
        if (left_behind == 0) {
            enter(step->entrance());
            // as after an exec: the lock is its builder's alone
            constexpr int kReady = 3;
            ::dup2(ready_end.get(), kReady);
            sys::close_range(kReady + 1, ~0U);
            write_all(kReady, groups->name() + " " + std::to_string(::getpid()) + "\n");
            for (;;)
                ::pause();
        }
        ::pause();
        ::_exit(0);
    }
    ready_end.reset();
    std::string line(64, '\0');
    ASSERT_GT(::read(ready.get(), line.data(), line.size()), 0);
    std::istringstream words(line);
    std::string name;
    pid_t left_behind = -1;
    words >> name >> left_behind;
    ASSERT_GT(left_behind, 1) << line;
    const ScopeExit end_it([=] {
        if (HasFailure()) ::kill(left_behind, SIGKILL);
    });
    ::kill(builder, SIGKILL);
    ::waitpid(builder, nullptr, 0);
    ASSERT_TRUE(exists(name));
    ASSERT_EQ(::kill(left_behind, 0), 0);

    (void)BuildGroups::try_make({});

    EXPECT_FALSE(exists(name));
    for (int tries = 0; tries < 100 && ::kill(left_behind, 0) == 0; ++tries)
        std::this_thread::sleep_for(20ms); // whoever is its parent now reaps it
    EXPECT_NE(::kill(left_behind, 0), 0);
}

TEST_F(Groups, AreTakenAndPutBackByOneStepAfterAnother)
{
    const auto groups = BuildGroups::try_make({});
    for (int turn = 0; turn < 20; ++turn) {
        auto step = groups->take({});
        EXPECT_FALSE(step->hit());
        EXPECT_FALSE(step->holders().empty());
        groups->put_back(std::move(step));
    }
}

TEST_F(Groups, CountNothingOfTheStepBefore)
{
    const auto groups = BuildGroups::try_make({});
    auto step = groups->take({});
    run_in(*step, [] {
        std::vector<char> memory(30 * kMebibyte, 'x');
        while (std::clock() < CLOCKS_PER_SEC / 10)
            memory[0] = 'y';
    });
    ASSERT_GT(step->cpu().value_or(1s), 50ms);
    ASSERT_GT(step->peak_memory().value_or(~0ULL), 30 * kMebibyte);

    groups->put_back(std::move(step));

    expect_new(*groups->take({}));
}

TEST_F(Groups, OfAStepThatFilledThePageCacheAreNotTheNextOnes)
{
    const auto groups = BuildGroups::try_make({});
    auto step = groups->take({});
    const TempDirectory place(fs::temp_directory_path());
    run_in(*step, [&] {
        write_file_atomically(place.path() / "large", std::string(30 * kMebibyte, 'x'));
    });
    ASSERT_GT(step->peak_memory().value_or(~0ULL), 30 * kMebibyte);

    groups->put_back(std::move(step));

    expect_new(*groups->take({}));
}

TEST_F(Groups, OfAStepThatHitALimitAreNotTheNextOnes)
{
    Limits few;
    few.processes = 2;
    const auto groups = BuildGroups::try_make(few);
    auto step = groups->take(few);
    if (!step->holders().contains("processes")) GTEST_SKIP() << "none counts processes here";
    run_in(*step, [] {
        for (int count = 0; count < 5; ++count)
            if (::fork() == 0) ::_exit(0);
    });
    ASSERT_TRUE(step->hit());

    groups->put_back(std::move(step));

    expect_new(*groups->take(few));
}

} // namespace
} // namespace caisson::sandbox::testing

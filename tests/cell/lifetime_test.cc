// Who dies with whom.
#include "sandbox/base/error.hh"
#include "sandbox/base/program.hh"
#include "tests/cell/cell_fixture.hh"
#include "tests/support/paths.hh"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Lifetime : public CellTest {
protected:
    /// Processes of this host whose command line holds `mark`.
    static std::vector<pid_t> marked(const std::string& mark)
    {
        std::vector<pid_t> found;
        for (const auto& entry : fs::directory_iterator("/proc")) {
            const std::string name = entry.path().filename();
            if (name.find_first_not_of("0123456789") != std::string::npos) continue;
            std::ifstream file(entry.path() / "cmdline");
            std::ostringstream line; // an istreambuf_iterator throws where the process just ended
            line << file.rdbuf();
            if (line.str().find(mark) != std::string::npos) found.push_back(std::stoi(name));
        }
        return found;
    }

    static std::set<pid_t> children()
    {
        std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
        return {std::istream_iterator<pid_t>(file), {}};
    }

    template<class Condition>
    static bool comes_true(Condition&& condition)
    {
        for (int turn = 0; turn < 500; ++turn, std::this_thread::sleep_for(10ms))
            if (condition()) return true;
        return false;
    }
};

TEST_F(Lifetime, LeavesNothingWhenTheRunnerIsKilled)
{
    // a runner of its own in a process of its own, with a step that marks itself
    const std::string mark = "caisson-mark-" + std::to_string(::getpid());
    const Plan step = script("setsid sh -c 'sleep 300; echo " + mark +
                             "' & echo started; sleep 300; echo " + mark);
    auto [ready, ready_end] = make_pipe();
    const pid_t runner = ::fork();
    ASSERT_GE(runner, 0);
    if (runner == 0) {
        const UniqueFd trees = open_file(store() / "trees", O_RDONLY | O_DIRECTORY);
        auto own = Chamber::start({.program = checkout::bin() / "caisson-chamber",
                                   .trees = trees.get(),
                                   .ids = SubordinateIds::of_invoker()});
        const auto running =
            own->run(step, filter(), {.output = ready_end.get(), .errors = ready_end.get()});
        ready_end.reset();
        ::pause();
        ::_exit(0);
    }
    ready_end.reset();
    std::string word(8, '\0');
    ASSERT_EQ(::read(ready.get(), word.data(), word.size()), 8);
    ASSERT_TRUE(comes_true([&] { return marked(mark).size() >= 2; }));

    ::kill(runner, SIGKILL);
    ::waitpid(runner, nullptr, 0);

    EXPECT_TRUE(comes_true([&] { return marked(mark).empty(); }));
}

TEST_F(Lifetime, TellsThoseWhoWaitWhenTheChamberIsKilled)
{
    const std::string mark = "caisson-mark-chamber-" + std::to_string(::getpid());
    const std::set<pid_t> others = children();
    const UniqueFd trees = open_file(store() / "trees", O_RDONLY | O_DIRECTORY);
    auto own = Chamber::start({.program = checkout::bin() / "caisson-chamber",
                               .trees = trees.get(),
                               .ids = SubordinateIds::of_invoker()});
    PipeReaders readers;
    auto running = own->run(script("sleep 300; echo " + mark), filter(), readers.pipes());
    ASSERT_TRUE(comes_true([&] { return !marked(mark).empty(); }));

    // the process that the runner started: the outer one of the chamber's two
    std::set<pid_t> mine = children();
    std::erase_if(mine, [&](pid_t child) { return others.contains(child); });
    ASSERT_EQ(mine.size(), 1U);
    ::kill(*mine.begin(), SIGKILL);

    try {
        (void)running.outcome.get();
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kHost);
        EXPECT_EQ(error.message(), "the chamber ended unexpectedly");
    }
    EXPECT_TRUE(comes_true([&] { return marked(mark).empty(); }));
    EXPECT_THROW((void)own->remove({"anything"}).get(), Error);
}

TEST_F(Lifetime, EndsTheStepsOfAChamberThatGoesAway)
{
    const std::string mark = "caisson-mark-away-" + std::to_string(::getpid());
    PipeReaders readers;
    {
        const UniqueFd trees = open_file(store() / "trees", O_RDONLY | O_DIRECTORY);
        auto own = Chamber::start({.program = checkout::bin() / "caisson-chamber",
                                   .trees = trees.get(),
                                   .ids = SubordinateIds::of_invoker()});
        const auto running = own->run(script("sleep 300; echo " + mark), filter(), readers.pipes());
        ASSERT_TRUE(comes_true([&] { return !marked(mark).empty(); }));
    }
    EXPECT_TRUE(marked(mark).empty());
}

TEST_F(Lifetime, RefusesIdsThatAreNotTheInvokers)
{
    if (::geteuid() == 0) GTEST_SKIP() << "root may map any id";
    const UniqueFd trees = open_file(store() / "trees", O_RDONLY | O_DIRECTORY);
    try {
        (void)Chamber::start({.program = checkout::bin() / "caisson-chamber",
                              .trees = trees.get(),
                              .ids = {.users = {1, 65536}, .groups = {1, 65536}}});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kHost);
        EXPECT_NE(error.message().find("start the chamber: map ids: "), std::string::npos);
    }
}

} // namespace
} // namespace caisson::sandbox::testing

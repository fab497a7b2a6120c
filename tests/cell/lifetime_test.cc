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

    /// The processes below `process` that are the first of a cell: the chamber's pid namespace and
    /// the cell's own lie between them and us.
    static void add_first_processes(pid_t process, std::vector<pid_t>& found)
    {
        const fs::path task = "/proc/" + std::to_string(process);
        std::ifstream status(task / "status");
        for (std::string line; std::getline(status, line);) {
            if (!line.starts_with("NSpid:")) continue;
            std::istringstream numbers(line.substr(6));
            const std::vector<pid_t> pids{std::istream_iterator<pid_t>(numbers), {}};
            if (pids.size() == 3 && pids.back() == 1) found.push_back(process);
        }
        std::ifstream children(task / "task" / std::to_string(process) / "children");
        for (pid_t child = 0; children >> child;)
            add_first_processes(child, found);
    }

    static bool has_ended(pid_t process)
    {
        std::ifstream status("/proc/" + std::to_string(process) + "/status");
        for (std::string line; std::getline(status, line);)
            if (line.starts_with("State:")) return line.find('Z') != std::string::npos;
        return true;
    }

    static std::vector<pid_t> first_processes()
    {
        std::vector<pid_t> found;
        for (const pid_t child : children())
            add_first_processes(child, found);
        return found;
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
        [[maybe_unused]] const auto running =
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

TEST_F(Lifetime, ReplacesAPreparedCellThatWasKilled)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root may kill what runs under subordinate ids";
    const Ended first = run_and(script("sleep 0.2"), [](auto&) {
        // the step's own, and the one that waits for the next
        EXPECT_TRUE(comes_true([] { return first_processes().size() >= 2; }));
    });
    ASSERT_TRUE(first.outcome.ok());
    const std::vector<pid_t> waiting = first_processes();
    ASSERT_EQ(waiting.size(), 1U);
    ::kill(waiting.front(), SIGKILL);
    ASSERT_TRUE(comes_true([&] { return has_ended(waiting.front()); }));

    const Ended next = run(script("echo fine"));

    EXPECT_TRUE(next.outcome.ok());
    EXPECT_EQ(next.output, "fine\n");
}

TEST_F(Lifetime, PreparesACellAnewForAnotherLimitOfProcesses)
{
    Plan few = script("sleep 0.2");
    few.limits.processes = 6;
    Ended many;
    const Ended first = run_and(few, [&](auto&) {
        many = run(script("for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1 & done; wait"));
    });

    EXPECT_TRUE(first.outcome.ok());
    EXPECT_TRUE(many.outcome.ok()) << many.errors;
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

// The story: somebody ends the runner with kill -9, or the runner crashes. What the step started
// goes on: in 10 of 13 peers, with the network it had, for as long as it likes (buildah#6786,
// runc#440).
//
// The attacker: a step that leaves its session and its parent twice over, ignores signals, and
// waits. The assertion: nothing of it is there once the runner is gone, whichever of our programs
// was killed.
#include "tests/escape/outside.hh"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

namespace caisson::testing {
namespace {

using namespace std::chrono_literals;

/// A daemon, and a mark by which it is found among all processes.
std::string daemon(const std::string& mark)
{
    return "trap '' TERM HUP INT; for i in 1 2 3; do (setsid sh -c \"trap '' TERM HUP INT; sleep "
           "98765" +
           mark + "\" &) & done; sleep 98765" + mark;
}

int count(const std::string& mark)
{
    return std::stoi(shell("grep -l 'slee[p].98765" + mark +
                           "' -a /proc/[0-9]*/cmdline 2>/dev/null | "
                           "wc -l")
                         .out);
}

/// True once `count(mark)` is as wanted; false after ten seconds.
template<class Wanted>
bool comes_to(const std::string& mark, Wanted&& wanted)
{
    for (int wait = 0; wait < 200; ++wait) {
        if (wanted(count(mark))) return true;
        std::this_thread::sleep_for(50ms);
    }
    return false;
}

/// No two tests that run at once see each other's.
std::string own_mark()
{
    return "." + std::to_string(::getpid());
}

bool some(int number)
{
    return number >= 3;
}

bool none(int number)
{
    return number == 0;
}

TEST(EscapeAsOrphan, LivesOnOutside)
{
    const std::string mark = own_mark();
    Program step = Program::start({.path = "/bin/sh", .arguments = {"-c", daemon(mark)}});
    ASSERT_TRUE(comes_to(mark, some));

    step.kill();
    step.wait();

    EXPECT_GE(count(mark), 3) << "it proves nothing";
    (void)shell("for p in $(grep -l 'slee[p].98765" + mark +
                "' -a /proc/[0-9]*/cmdline 2>/dev/null); do kill -9 $(echo $p | cut -d/ -f3) "
                "2>/dev/null; done");
}

class EscapeAsOrphanOf : public ::testing::TestWithParam<const char*> {};

TEST_P(EscapeAsOrphanOf, EndsWithIt)
{
    const std::string mark = own_mark();
    const std::string victim = GetParam();
    const Workspace work;
    work.add_busybox();
    work.write("Dockerfile", Workspace::busybox_root() + "RUN " + daemon(mark) + "\n");
    Program build = work.start({"build", work.context()});
    ASSERT_TRUE(comes_to(mark, some));

    const std::string pid = std::to_string(build.pid());
    ASSERT_EQ(shell("kill -9 $(ps -o pid=,comm= -p " + pid + " --ppid " + pid + " | awk '$2 == \"" +
                    victim + "\" { print $1 }')")
                  .exit,
              0);

    EXPECT_TRUE(comes_to(mark, none));
    EXPECT_NE(build.wait(), 0);
    EXPECT_TRUE(processes_of(work).empty());
}

INSTANTIATE_TEST_SUITE_P(Each, EscapeAsOrphanOf, ::testing::Values("caisson", "caisson-chamber"));

} // namespace
} // namespace caisson::testing

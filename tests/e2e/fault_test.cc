// What is left when a build is stopped, killed or misbehaves: nothing, and the next build works.
#include "tests/e2e/aftermath.hh"
#include "tests/support/paths.hh"
#include "tests/support/workspace.hh"

#include <chrono>
#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

namespace caisson::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string slow_dockerfile()
{
    return Workspace::busybox_root() + "RUN i=0; while [ $i -lt 20 ]; do echo $i > /f$i; "
                                       "i=$((i+1)); done\nRUN sleep 3000 & sleep 3000\n";
}

TEST(Fault, CtrlCLeavesNoTraceAndExits130)
{
    Workspace work;
    work.add_busybox();
    work.write("Dockerfile", slow_dockerfile());
    Program build = work.start({"build", "-t", "never:1", work.context()});
    std::this_thread::sleep_for(400ms);

    ::kill(build.pid(), SIGINT);

    EXPECT_EQ(build.wait(), 130);
    expect_whole(work);
}

TEST(Fault, StepThatIgnoresEverySignalEndsWithTheBuild)
{
    Workspace work;
    work.add_busybox();
    work.write("Dockerfile",
               Workspace::busybox_root() +
                   "RUN trap '' HUP INT QUIT TERM; while :; do sleep 1; done\n");
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        Program build = work.start({"build", "-t", "never:1", work.context()});
        std::this_thread::sleep_for(400ms);
        const auto asked = std::chrono::steady_clock::now();

        ::kill(build.pid(), number);

        EXPECT_EQ(build.wait(), 130) << number;
        EXPECT_LT(std::chrono::steady_clock::now() - asked, 5s);
        EXPECT_THAT(left_after(work), IsEmpty());
    }
    expect_whole(work);
}

TEST(Fault, StepThatMisbehavesIsEndedWithAReason)
{
    Workspace work;
    work.add_busybox();
    const std::string root = Workspace::busybox_root();

    const Ran killed = work.build(root + "RUN kill -9 $$\n");
    EXPECT_EQ(killed.exit, 1);
    EXPECT_THAT(killed.err, HasSubstr("killed by signal 9 (SIGKILL)"));
    const Ran missing = work.build(root + "RUN [\"/no/such/program\"]\n");
    EXPECT_EQ(missing.exit, 1);
    EXPECT_THAT(missing.err, HasSubstr("/no/such/program"));
    const Ran forks = work.build(root + "RUN f() { f | f & }; f; sleep 1; echo survived\n");
    EXPECT_THAT(forks.err, HasSubstr("can't fork"));
    EXPECT_THAT(left_after(work), IsEmpty());
    const Ran loud = work.build(root + "RUN yes | head -c 1073741824\n");
    EXPECT_EQ(loud.exit, 1);
    EXPECT_THAT(loud.err, HasSubstr("limits.output_bytes"));
    const Ran daemon = work.build(root + "RUN (trap '' TERM HUP; sleep 3000) & true\n");
    EXPECT_EQ(daemon.exit, 0) << daemon.err;
    expect_whole(work);
}

/// Every CI container's disk is overlayfs, which cannot be the upper layer of another.
TEST(Fault, StoreOnOverlayfsKeepsTreesInMemoryAndStillCaches)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can mount the overlayfs that the store is put on";
    Workspace work;
    work.add_busybox();
    work.write("Dockerfile",
               Workspace::busybox_root() + "RUN echo x > /x\nRUN rm /x; echo y > /y\n");
    const std::string script =
        "cd " + work.path().native() +
        " && mkdir -p l u w m && mount -t overlay o -o lowerdir=l,upperdir=u,workdir=w m && export "
        "CAISSON_STORE=$PWD/m/store && "
        "PATH=$PATH:" +
        checkout::bin().native() +
        " && for i in 1 2; do caisson build --iidfile $i -t a:1 context || exit; done; "
        "caisson build --no-cache --iidfile 3 context";

    const Ran built =
        run("/usr/bin/unshare", {"--mount", "/bin/sh", "-c", script}, work.environment());

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("trees are kept in memory"));
    EXPECT_THAT(built.err, HasSubstr("CACHED"));
    EXPECT_EQ(read_file(work.path("1"), 100), read_file(work.path("2"), 100));
    EXPECT_EQ(read_file(work.path("1"), 100), read_file(work.path("3"), 100));
}

TEST(Fault, TwoBuildsOfTheSameThingAtOnceBothWork)
{
    Workspace work;
    work.add_busybox();
    work.write("Dockerfile", Workspace::busybox_root() + "RUN sleep 0.2; echo x > /x\n");

    Program one = work.start({"build", "-t", "one:1", "--iidfile", work.path("1"), work.context()});
    Program two = work.start({"build", "-t", "two:1", "--iidfile", work.path("2"), work.context()});

    EXPECT_EQ(one.wait(), 0);
    EXPECT_EQ(two.wait(), 0);
    EXPECT_EQ(read_file(work.path("1"), 100), read_file(work.path("2"), 100));
    EXPECT_THAT(left_after(work), IsEmpty());
}

TEST(Fault, FileThatChangesWhileTheBuildReadsItStopsIt)
{
    Workspace work;
    work.add_busybox();
    work.write("data", std::string(4096, 'a'));
    work.write("Dockerfile", Workspace::busybox_root() + "RUN sleep 1\nCOPY data /\n");
    Program build = work.start({"build", "-t", "never:1", work.context()});
    std::this_thread::sleep_for(500ms);

    work.write("data", std::string(4096, 'b'));

    EXPECT_EQ(build.wait(), 6);
    expect_whole(work);
}

} // namespace
} // namespace caisson::testing

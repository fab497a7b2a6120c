// The test that looks for leftovers, seen to find each kind of them.
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace caisson {
namespace {

using ::testing::HasSubstr;

class Leftovers : public ::testing::Test {
protected:
    struct Seen {
        int exit = 0;
        std::string said;
    };

    /// What the check says after `script` ran under the watch, all of it started by `around`.
    [[nodiscard]] Seen after(const std::string& script,
                             std::vector<std::string> around = {"/bin/sh"}) const
    {
        const std::string program = checkout::build() / "tests/find_leftovers";
        const std::string whole =
            program + " watch /bin/sh -c '" + script + "; " + program + " check'";
        const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
        const std::string path = around.front();
        around.erase(around.begin());
        around.insert(around.end(), {"-c", whole});
        Seen seen;
        seen.exit = Program::start({.path = path,
                                    .arguments = around,
                                    .environment = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin",
                                                    "HOME=" + directory_.path().native(),
                                                    "TMPDIR=" + directory_.path().native()},
                                    .standard_output = output.get(),
                                    .standard_error = output.get()})
                        .wait();
        ::lseek(output.get(), 0, SEEK_SET);
        seen.said = read_all(output.get(), 1U << 20U, "output");
        return seen;
    }

    /// The same as root of a user and a mount namespace of its own.
    [[nodiscard]] Seen after_as_root(const std::string& before, const std::string& script) const
    {
        return after(script,
                     {"/usr/bin/unshare",
                      "--user",
                      "--map-root-user",
                      "--mount",
                      "/bin/sh",
                      "-c",
                      before + "; exec /bin/sh \"$@\"",
                      "-"});
    }

    TempDirectory directory_{std::filesystem::temp_directory_path()};
};

TEST_F(Leftovers, AreNoneOfACleanRun)
{
    const Seen seen = after("sleep 0.1 & echo x >$TMPDIR/x; rm $TMPDIR/x");

    EXPECT_EQ(seen.exit, 0) << seen.said;
    EXPECT_EQ(seen.said, "");
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(Leftovers, AreProcessesAlsoThoseThatBecameDaemons)
{
    const Seen seen = after("setsid sh -c \"sleep 3210 & echo \\$!\"");

    EXPECT_EQ(seen.exit, 1);
    EXPECT_THAT(seen.said, HasSubstr(": sleep 3210"));
    EXPECT_EQ(::kill(std::stoi(seen.said), 0), -1) << "the watch ends what is left";
}

TEST_F(Leftovers, AreTemporaryFiles)
{
    const Seen seen = after("mkdir $TMPDIR/forgotten");

    EXPECT_EQ(seen.exit, 1);
    EXPECT_THAT(seen.said, HasSubstr("left behind: temporary file "));
    EXPECT_THAT(seen.said, HasSubstr("/forgotten\n"));
}

TEST_F(Leftovers, AreThingsInAUsersStore)
{
    const Seen seen = after("mkdir -p $HOME/.local/share/caisson/trees/0123.1");

    EXPECT_EQ(seen.exit, 1);
    EXPECT_THAT(seen.said, HasSubstr("in a user's store: "));
    EXPECT_THAT(seen.said, HasSubstr("/trees/0123.1\n"));
}

TEST_F(Leftovers, AreMountsAndNamedNetworkNamespaces)
{
    const std::string prepare = "mount -t tmpfs run /run && mkdir /run/netns";
    CAISSON_REQUIRE(after_as_root(prepare, "true").exit == 0, "no user namespace can be made here");

    const Seen mounted = after_as_root(prepare, "mount -t tmpfs forgotten /mnt");
    const Seen network = after_as_root(prepare, "touch /run/netns/forgotten");

    EXPECT_EQ(mounted.exit, 1);
    EXPECT_THAT(mounted.said, HasSubstr("left behind: mount /mnt: / of tmpfs forgotten"));
    EXPECT_EQ(network.exit, 1);
    EXPECT_THAT(network.said, HasSubstr("left behind: network namespace /run/netns/forgotten"));
}

TEST_F(Leftovers, AreControlGroupsOfOurs)
{
    const std::string prepare =
        "mount -t tmpfs cgroups /sys/fs/cgroup && mkdir -p /sys/fs/cgroup/pids/a";
    CAISSON_REQUIRE(after_as_root(prepare, "true").exit == 0, "no user namespace can be made here");

    const Seen others = after_as_root(prepare, "mkdir /sys/fs/cgroup/pids/a/other");
    const Seen ours = after_as_root(prepare, "mkdir /sys/fs/cgroup/pids/a/caisson-7");

    EXPECT_EQ(others.exit, 0) << others.said;
    EXPECT_EQ(ours.exit, 1);
    EXPECT_THAT(ours.said, HasSubstr("left behind: control group /sys/fs/cgroup/pids/a/caisson-7"));
}

TEST_F(Leftovers, CannotBeToldWithoutAWatch)
{
    EXPECT_EQ(Program::start({.path = checkout::build() / "tests/find_leftovers",
                              .arguments = {"check"},
                              .environment = {}})
                  .wait(),
              77);
}

} // namespace
} // namespace caisson

// The forms that /proc/self/cgroup and /proc/self/mountinfo take on hosts of every kind.
#include "sandbox/cgroup/hierarchy.hh"

#include <gtest/gtest.h>

namespace caisson::sandbox {
namespace {

constexpr const char* kUnified =
    "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "35 30 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";

TEST(Hierarchy, OfVersionTwoIsFoundWithOurGroup)
{
    const auto found = find_hierarchies(
        "0::/user.slice/user-1000.slice/user@1000.service/run-1.scope\n", kUnified);

    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].version, 2);
    EXPECT_EQ(found[0].mount, "/sys/fs/cgroup");
    EXPECT_EQ(found[0].own,
              "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/run-1.scope");
    EXPECT_FALSE(found[0].has("memory"));
}

TEST(Hierarchy, RootIsTheMountItself)
{
    EXPECT_EQ(find_hierarchies("0::/\n", kUnified).at(0).own, "/sys/fs/cgroup");
}

TEST(Hierarchy, NamesMayHoldColonsAndSpaces)
{
    EXPECT_EQ(find_hierarchies("0::/a:b c/d\n", kUnified).at(0).own, "/sys/fs/cgroup/a:b c/d");
    EXPECT_EQ(
        find_hierarchies("0::/x\n", "35 30 0:30 / /my\\040groups\\134v2 rw - cgroup2 cgroup2 rw\n")
            .at(0)
            .own,
        "/my groups\\v2/x");
}

TEST(Hierarchy, OfVersionOneIsFoundByItsControllersInWhateverOrder)
{
    const auto found = find_hierarchies(
        "12:pids:/ci/job\n11:cpu,cpuacct:/ci/job\n4:memory:/ci/job\n1:name=systemd:/\n0::/\n",
        "31 23 0:28 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:1 - cgroup cgroup "
        "rw,cpuacct,cpu\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:2 master:1 - cgroup cgroup "
        "rw,memory\n"
        "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
        "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");

    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0].own, "/sys/fs/cgroup/pids/ci/job");
    EXPECT_TRUE(found[1].has("cpu") && found[1].has("cpuacct") && !found[1].has("memory"));
    EXPECT_EQ(found[1].own, "/sys/fs/cgroup/cpu,cpuacct/ci/job");
    EXPECT_EQ(found[2].own, "/sys/fs/cgroup/memory/ci/job");
    EXPECT_EQ(found[3].mount, "/sys/fs/cgroup/systemd");
    EXPECT_EQ(found[4].version, 2);
    EXPECT_EQ(found[4].own, "/sys/fs/cgroup/unified");
}

TEST(Hierarchy, OfAContainerIsReachedThroughThePartThatIsMounted)
{
    const std::string mounts =
        "700 699 0:33 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n";

    EXPECT_EQ(find_hierarchies("4:memory:/docker/abc\n", mounts).at(0).own,
              "/sys/fs/cgroup/memory");
    EXPECT_EQ(find_hierarchies("4:memory:/docker/abc/x\n", mounts).at(0).own,
              "/sys/fs/cgroup/memory/x");
    // another's part, though its name begins like ours
    EXPECT_TRUE(find_hierarchies("4:memory:/docker/abcdef\n", mounts).empty());
    EXPECT_TRUE(find_hierarchies("4:memory:/docker\n", mounts).empty());
}

TEST(Hierarchy, IsTakenFromTheMountThatCanBeWrittenAndLiesOnTop)
{
    const std::string read_only = "10 1 0:30 / /ro ro - cgroup2 cgroup2 rw\n";
    const std::string below = "11 1 0:30 / /below rw - cgroup2 cgroup2 rw\n";
    const std::string above = "12 1 0:30 / /above rw - cgroup2 cgroup2 rw\n";

    EXPECT_EQ(find_hierarchies("0::/g\n", below + above).at(0).own, "/above/g");
    EXPECT_EQ(find_hierarchies("0::/g\n", above + read_only).at(0).own, "/above/g");
    EXPECT_EQ(find_hierarchies("0::/g\n", read_only + below).at(0).own, "/below/g");
    EXPECT_EQ(find_hierarchies("0::/g\n", read_only).at(0).own, "/ro/g");
}

TEST(Hierarchy, IsLeftOutWhereOurGroupCannotBeReached)
{
    EXPECT_TRUE(find_hierarchies("0::/../outside\n", kUnified).empty());
    EXPECT_TRUE(find_hierarchies("0::/gone (deleted)\n", kUnified).empty());
    EXPECT_TRUE(find_hierarchies("4:memory:/x\n", kUnified).empty());
    EXPECT_TRUE(find_hierarchies("0::/x\n", "").empty());
}

TEST(Hierarchy, SkipsLinesThatMeanNothing)
{
    EXPECT_TRUE(find_hierarchies("", kUnified).empty());
    EXPECT_TRUE(find_hierarchies("nonsense\n:\n::\n0:\n0::relative\n", kUnified).empty());
    EXPECT_TRUE(find_hierarchies("0::/x\n", "35 30 0:30 / /c rw\n- - -\n35 - cgroup2\n\n").empty());
    EXPECT_EQ(find_hierarchies("0::/x\n", std::string("bad \\04 line\n") + kUnified).size(), 1U);
}

} // namespace
} // namespace caisson::sandbox

// Cgroups of version 2, which this host may not have: the tests of limits run again on a kernel
// that has nothing else, once as a user to whom a group was delegated, and once as root.
#include "tests/support/guest.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kMountGroups = R"sh(
mount -t cgroup2 -o nsdelegate groups /sys/fs/cgroup || exit 90
cd /sys/fs/cgroup
echo '+memory +pids +cpu +hugetlb' >cgroup.subtree_control || exit 91

# delegate DIRECTORY: what systemd hands over with Delegate=yes (cgroup-v2.rst, delegation)
delegate() {
  mkdir -p "$1"
  chown builder "$1" "$1/cgroup.procs" "$1/cgroup.threads" "$1/cgroup.subtree_control"
}
# in_group DIRECTORY COMMAND…: this shell's own group stays what it is
in_group() { (echo 0 >"$1/cgroup.procs" && shift && exec "$@"); }
# left: groups of ours that are still there
left() { find /sys/fs/cgroup -name 'caisson.*' -o -name 'step.*'; }
)sh";

/// Those that are about cgroups; a watcher, which disk and files have everywhere, is the same on
/// every kernel. An attempt to use a host up takes more than a guest has.
const std::string kTests =
    "--gtest_brief=1 --gtest_filter=*/ByCgroups:Groups.*:-*Disk*:*ManyFiles*:"
    "*EveryAttempt*:*GiveAnAttempt*";
/// That which forks a second builder: a group that is delegated for one is only emptied for one.
const std::string kButOfASecondBuilder = ":*OfAKilledBuild*";

class LimitsInGuest : public ::testing::Test {
protected:
    void SetUp() override
    {
        const std::string reason = why_no_guest();
        CAISSON_REQUIRE(reason.empty(), reason);
    }

    [[nodiscard]] static GuestRan run(const std::string& script)
    {
        const auto tests = checkout::build() / "tests/cell_limits";
        return run_guest({.programs = {tests,
                                       checkout::bin() / "caisson-chamber",
                                       checkout::probe(),
                                       checkout::hog(),
                                       "/bin/tar",
                                       "/usr/bin/newuidmap",
                                       "/usr/bin/newgidmap"},
                          .script = kMountGroups + ("cells='" + tests.native() + "'\n") + script});
    }

    static void expect_passed(const GuestRan& ran)
    {
        EXPECT_EQ(ran.exit, 0) << ran.console;
        EXPECT_THAT(ran.console, HasSubstr("[  PASSED  ]"));
        EXPECT_THAT(ran.console, Not(HasSubstr("[  SKIPPED ]")));
        EXPECT_THAT(ran.console, Not(HasSubstr("left behind: ")));
    }
};

TEST_F(LimitsInGuest, AreHeldByAGroupThatWasDelegatedToAUser)
{
    expect_passed(run(R"sh(
mkdir user
echo '+memory +pids +cpu +hugetlb' >user/cgroup.subtree_control
delegate user/scope
cd /tmp
in_group /sys/fs/cgroup/user/scope su builder -c "exec $cells )sh" +
                      kTests + kButOfASecondBuilder + R"sh(" || exit 1
for group in $(left); do echo "left behind: $group"; done
# our own group has no controllers on any more, as it was
test -z "$(cat /sys/fs/cgroup/user/scope/cgroup.subtree_control)" || exit 2
)sh"));
}

TEST_F(LimitsInGuest, AreHeldBelowAUsersSliceBesideItsOtherProcesses)
{
    expect_passed(run(R"sh(
delegate slice
delegate slice/shell
su builder -c "echo '+memory +pids +cpu +hugetlb' >/sys/fs/cgroup/slice/cgroup.subtree_control"
(echo 0 >slice/shell/cgroup.procs && exec sleep 1000) &
cd /tmp
in_group /sys/fs/cgroup/slice/shell su builder -c "$cells )sh" +
                      kTests + R"sh(" || exit 1
for group in $(left); do echo "left behind: $group"; done
kill %1
)sh"));
}

TEST_F(LimitsInGuest, AreHeldByGroupsOfTheRootsOwn)
{
    expect_passed(run("cd /tmp; $cells " + kTests + R"sh( || exit 1
for group in $(left); do echo "left behind: $group"; done
)sh"));
}

TEST_F(LimitsInGuest, OfTheGroupAboveGoOnToHold)
{
    // a shell in a group of 300 MiB starts a step in a group beside its own
    const GuestRan ran = run(R"sh(
mkdir slice slice/shell
echo '+memory +pids +cpu' >slice/cgroup.subtree_control
echo 300M >slice/shell/memory.max
(echo 0 >slice/shell/cgroup.procs && exec sleep 1000) &
cd /tmp
in_group /sys/fs/cgroup/slice/shell $cells --gtest_filter=Held/LimitsOf.AreThoseOfEachPlan/ByCgroups &
sleep 2
while ! cat /sys/fs/cgroup/slice/caisson.*/memory.max 2>/dev/null; do sleep 0.1; done
kill %1 %2
)sh");

    EXPECT_EQ(ran.exit, 0) << ran.console;
    EXPECT_THAT(ran.console, HasSubstr("314572800"));
}

} // namespace
} // namespace caisson::testing

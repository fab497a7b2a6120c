// kill -9 at two hundred moments of builds, of whichever process: the issue is not any one of the
// moments but that nobody chose them.
#include "tests/e2e/killed_build.hh"
#include "tests/support/require.hh"

#include <array>
#include <chrono>
#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

using std::chrono::milliseconds;

constexpr int kKills = 200;
constexpr std::array kOutputs = {"type=oci", "type=tar", "type=local", "type=oci,tar=false"};

TEST(RandomKills, LeaveNothingBehind)
{
    CAISSON_REQUIRE(::geteuid() == 0, "only root may kill what runs under subordinate ids");
    KilledBuild killed;
    const auto started = std::chrono::steady_clock::now();
    ASSERT_EQ(killed.start().wait(), 0);
    const auto whole =
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);

    int hits = 0;
    for (int round = 0; hits < kKills && round < 2 * kKills; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        Program build = killed.start(kOutputs[static_cast<std::size_t>(round) % kOutputs.size()]);
        const pid_t runner = build.pid();
        const Watchdog watchdog(runner);
        std::this_thread::sleep_for(
            milliseconds(killed.random(static_cast<int>(whole.count()) + 1)));

        const bool hit = killed.kill_one(runner, [](pid_t) { return true; });

        hits += hit ? 1 : 0;
        killed.expect_all_or_nothing(hit, build.wait());
        if (HasFailure()) break;
    }
    EXPECT_EQ(hits, kKills) << "builds ended before they could be killed";
    killed.expect_whole();
}

} // namespace
} // namespace caisson::testing

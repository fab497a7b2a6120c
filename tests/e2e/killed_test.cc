// kill -9 of each program that a build is made of, at any moment: the build ends, with an error
// unless it was done, and leaves nothing but what it would have left anyway.
#include "tests/e2e/killed_build.hh"

#include <algorithm>
#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

constexpr int kRounds = 6;

class Killed : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        const std::string name = GetParam();
        if (::geteuid() != 0 && name != "caisson" && name != "caisson-signer")
            GTEST_SKIP() << "only root may kill what runs under subordinate ids";
    }

    KilledBuild build_;
};

TEST_P(Killed, LeavesNothingHalfDone)
{
    int killed = 0;
    for (int round = 0; round < kRounds; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        Program build = build_.start();
        const pid_t runner = build.pid();
        const Watchdog watchdog(runner);
        std::this_thread::sleep_for(std::chrono::milliseconds(build_.random(400)));

        const bool hit =
            build_.kill_one(runner, [](pid_t process) { return name_of(process) == GetParam(); });

        killed += hit ? 1 : 0;
        build_.expect_all_or_nothing(hit, build.wait());
    }
    EXPECT_GE(killed, kRounds / 2) << "most were to be killed";
    build_.expect_whole();
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

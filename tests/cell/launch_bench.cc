// How long a cell's launch takes, all walls included; run with --gtest_also_run_disabled_tests.
#include "tests/cell/cell_fixture.hh"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace caisson::sandbox::testing {
namespace {

class Launch : public CellTest {};

TEST_F(Launch, DISABLED_IsMeasured)
{
    constexpr int kRounds = 300;
    std::vector<double> times;
    std::vector<double> walls;
    const auto [read_end, write_end] = make_pipe();
    for (int round = 0; round < kRounds; ++round) {
        const auto started = std::chrono::steady_clock::now();
        Chamber::Running running =
            chamber().run(plan({"true"}), filter(), write_end.get(), write_end.get());
        const Outcome outcome = running.outcome.get();
        const std::chrono::duration<double, std::milli> time =
            std::chrono::steady_clock::now() - started;
        ASSERT_TRUE(outcome.ok());
        times.push_back(time.count());
        walls.push_back(static_cast<double>(outcome.wall.count()) / 1000);
    }
    std::sort(times.begin(), times.end());
    std::sort(walls.begin(), walls.end());
    std::printf(
        "request to outcome: median %.2f ms, 90th percentile %.2f ms; in the chamber %.2f ms\n",
        times[kRounds / 2],
        times[kRounds * 9 / 10],
        walls[kRounds / 2]);
}

} // namespace
} // namespace caisson::sandbox::testing

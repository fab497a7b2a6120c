// How steps end, and what the chamber says about it.
#include "tests/cell/cell_fixture.hh"

#include "sandbox/base/error.hh"

#include <chrono>
#include <csignal>
#include <thread>

namespace caisson::sandbox::testing {
namespace {

class Outcomes : public CellTest {};

TEST_F(Outcomes, ExitsWithItsOwnCode)
{
    const Ended good = run(plan({"true"}));
    const Ended bad = run(script("exit 42"));

    EXPECT_TRUE(good.outcome.ok());
    EXPECT_EQ(bad.outcome.kind, Outcome::Kind::kExited);
    EXPECT_EQ(bad.outcome.code, 42);
}

} // namespace
} // namespace caisson::sandbox::testing

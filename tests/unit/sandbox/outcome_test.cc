#include "sandbox/outcome.hh"
#include "sandbox/plan.hh"

#include <gtest/gtest.h>
#include <set>

namespace caisson::sandbox {
namespace {

using Kind = Outcome::Kind;

Outcome named(Kind kind, const Limits& limits)
{
    Outcome outcome{.kind = kind};
    name_limit(outcome, limits);
    return outcome;
}

TEST(Outcome, NamesTheLimitThatEndedAStepByThePolicysKey)
{
    const Limits limits{.memory_bytes = 1,
                        .processes = 2,
                        .cpu_time = std::chrono::seconds(3),
                        .disk_bytes = 4,
                        .disk_files = 5,
                        .output_bytes = 6,
                        .step_time = std::chrono::milliseconds(6001)};
    std::set<std::string> names;
    std::uint64_t expected = 1;
    for (const Kind kind : {Kind::kOutOfMemory,
                            Kind::kTooManyProcesses,
                            Kind::kTooMuchCpu,
                            Kind::kTooMuchDisk,
                            Kind::kTooManyFiles,
                            Kind::kTooMuchOutput,
                            Kind::kTimedOut}) {
        const Outcome outcome = named(kind, limits);
        EXPECT_EQ(outcome.allowed, expected++);
        EXPECT_FALSE(outcome.ok());
        names.insert(outcome.limit);
    }
    EXPECT_EQ(names,
              (std::set<std::string>{"cpu_seconds",
                                     "disk_bytes",
                                     "disk_files",
                                     "memory_bytes",
                                     "output_bytes",
                                     "processes",
                                     "step_seconds"}));
}

TEST(Outcome, NamesNoLimitWhereNoneWasHit)
{
    for (const Kind kind : {Kind::kExited, Kind::kSignalled, Kind::kInterrupted, Kind::kNotFound})
        EXPECT_EQ(named(kind, {}).limit, "");
}

} // namespace
} // namespace caisson::sandbox

#include "policies/narrow.hh"
#include "sandbox/base/error.hh"

#include <gtest/gtest.h>

namespace caisson::policies {
namespace {

using std::chrono::seconds;

TEST(Narrow, LowersLimitsAndTheCanonicalText)
{
    const Policy policy = load_policy("default");

    const Policy narrowed = narrow(policy,
                                   {.step_time = seconds(60),
                                    .cpu_time = seconds(61),
                                    .processes = 100,
                                    .memory_bytes = 1ULL << 30,
                                    .disk_bytes = 2ULL << 30});

    EXPECT_EQ(narrowed.limits.step_time, seconds(60));
    EXPECT_EQ(narrowed.limits.cpu_time, seconds(61));
    EXPECT_EQ(narrowed.limits.processes, 100U);
    EXPECT_EQ(narrowed.limits.memory_bytes, 1ULL << 30);
    EXPECT_EQ(narrowed.limits.disk_bytes, 2ULL << 30);
    EXPECT_EQ(narrowed.limits.build_time, policy.limits.build_time);
    EXPECT_NE(narrowed.canonical_json, policy.canonical_json);
}

TEST(Narrow, LeavesThePolicyAloneWithoutARequest)
{
    const Policy policy = load_policy("default");
    EXPECT_EQ(narrow(policy, {}).canonical_json, policy.canonical_json);
    EXPECT_EQ(narrow(policy, {.processes = policy.limits.processes}).canonical_json,
              policy.canonical_json);
}

TEST(Narrow, RefusesMoreWithEveryReasonAtOnce)
{
    const Policy policy = load_policy("default");
    try {
        (void)narrow(
            policy,
            {.step_time = seconds(3601), .build_time = seconds(-1), .processes = 1'000'000'000});
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kRefused);
        EXPECT_EQ(error.message(),
                  "policy \"default\" refuses the request: "
                  "seconds a step: 3601 asked, 1 to 3600 allowed; "
                  "seconds a build: -1 asked, 1 to 14400 allowed; "
                  "processes a step: 1000000000 asked, 1 to 4096 allowed");
    }
}

} // namespace
} // namespace caisson::policies

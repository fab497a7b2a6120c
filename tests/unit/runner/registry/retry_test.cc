#include "runner/registry/retry.hh"

#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using std::chrono::milliseconds;

const RetryRules kQuick{
    .tries = 4, .first_pause = milliseconds(1), .longest_pause = milliseconds(50)};

HttpResponse answer(long status, std::vector<std::string> headers = {})
{
    return {.status = status, .headers = std::move(headers)};
}

/// How often it was asked until it was content with `status`.
int tries_for(HttpResponse response)
{
    int tries = 0;
    (void)with_retries(kQuick, [&] {
        ++tries;
        return response;
    });
    return tries;
}

TEST(Retry, IsForWhatMayBeOtherNextTime)
{
    for (const long status : {408L, 429L, 500L, 502L, 503L, 504L})
        EXPECT_EQ(tries_for(answer(status)), 4) << status;
    for (const long status : {200L, 206L, 307L, 400L, 401L, 403L, 404L, 416L, 501L})
        EXPECT_EQ(tries_for(answer(status)), 1) << status;
}

TEST(Retry, EndsWithWhatTheLastTryBrought)
{
    int tries = 0;
    const HttpResponse last = with_retries(kQuick, [&] { return answer(++tries < 3 ? 503 : 200); });
    EXPECT_EQ(last.status, 200);
    EXPECT_EQ(tries, 3);
}

TEST(Retry, TakesABrokenTransferUpAndGivesUpInTheEnd)
{
    int tries = 0;
    const auto broken = [&]() -> HttpResponse {
        ++tries;
        throw BrokenTransfer(ErrorKind::kInput, "reset");
    };
    EXPECT_THROW((void)with_retries(kQuick, broken), BrokenTransfer);
    EXPECT_EQ(tries, 4);
    const auto wrong = [&]() -> HttpResponse { throw Error(ErrorKind::kInput, "wrong"); };
    tries = 0;
    EXPECT_THROW((void)with_retries(kQuick, wrong), Error);
    EXPECT_EQ(tries, 0);
}

TEST(Retry, WaitsAsLongAsItIsToldButNotForever)
{
    EXPECT_EQ(tries_for(answer(429, {"Retry-After: 0"})), 4);
    EXPECT_EQ(tries_for(answer(429, {"Retry-After: 3600"})), 1) << "longer than the longest pause";
    EXPECT_EQ(tries_for(answer(429, {"RateLimit-Reset: 3600"})), 1);
    EXPECT_EQ(tries_for(answer(503, {"Retry-After: Tue, 03 Jan 2090 10:00:00 GMT"})), 1);
    EXPECT_EQ(tries_for(answer(503, {"Retry-After: Tue, 03 Jan 2017 10:00:00 GMT"})), 4) << "over";
    EXPECT_EQ(tries_for(answer(503, {"Retry-After: soon"})), 4);
}

TEST(Retry, CanBeInterruptedWhileItWaits)
{
    RetryRules rules = kQuick;
    rules.first_pause = rules.longest_pause = std::chrono::hours(1);
    rules.longest_pause *= 2;
    rules.checkpoint = [] { throw Error(ErrorKind::kInterrupted, "stopped"); };
    EXPECT_THROW((void)with_retries(rules, [] { return answer(503); }), Error);
}

} // namespace
} // namespace caisson::runner

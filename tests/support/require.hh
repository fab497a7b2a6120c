#pragma once

#include <cstdlib>
#include <gtest/gtest.h>
#include <string_view>

namespace caisson::testing {

/// Whether a test that cannot run here is a failure (in CI) and not a skip.
[[nodiscard]] inline bool must_run()
{
    const char* value = std::getenv("CAISSON_TESTS_MUST_RUN");
    return value != nullptr && std::string_view(value) == "1";
}

} // namespace caisson::testing

/// Skips the test with the reason where `condition` does not hold; fails it where everything must
/// run.
#define CAISSON_REQUIRE(condition, reason)                                                         \
    do {                                                                                           \
        if (condition) break;                                                                      \
        if (caisson::testing::must_run()) FAIL() << (reason);                                      \
        GTEST_SKIP() << (reason);                                                                  \
    } while (false)

#pragma once

#include "tests/support/paths.hh"

#include <cstdlib>
#include <filesystem>
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

/// For a test that reads the public test data beside the checkout (checkout::shared()).
#define CAISSON_REQUIRE_SHARED_DATA()                                                              \
    CAISSON_REQUIRE(std::filesystem::is_directory(caisson::checkout::shared() / "conformance"),    \
                    "the public test data is not beside the checkout, in " +                       \
                        (caisson::checkout::shared() / "conformance").native())

#pragma once

#include <cstdlib>
#include <gtest/gtest.h>

/// Skips a test that this host cannot run, with the reason; where CAISSON_TESTS_MUST_RUN=1 is set
/// (CI) that is a failure instead. In SetUp() of a fixture, or in a test.
#define CAISSON_REQUIRE(condition, reason)                                                         \
    do {                                                                                           \
        if (condition) break;                                                                      \
        const char* const must_run = std::getenv("CAISSON_TESTS_MUST_RUN");                        \
        if (must_run != nullptr && *must_run == '1') FAIL() << "must run, but: " << (reason);      \
        GTEST_SKIP() << (reason);                                                                  \
    } while (false)

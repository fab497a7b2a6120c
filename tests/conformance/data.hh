#pragma once

#include "tests/support/paths.hh"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string_view>

namespace caisson {

/// The data of public test suites, beside the project's tree and no part of it.
inline std::filesystem::path conformance_data()
{
    return checkout::shared() / "conformance";
}

/// For SetUp(): without the data a test is skipped, or fails where everything has to run.
inline void require_conformance_data()
{
    if (std::filesystem::is_directory(conformance_data())) return;
    const char* must_run = std::getenv("CAISSON_TESTS_MUST_RUN");
    if (must_run != nullptr && std::string_view(must_run) == "1")
        FAIL() << "no conformance data in " << conformance_data();
    GTEST_SKIP() << "no conformance data in " << conformance_data();
}

/// A fixture for tests that read it.
class ConformanceData : public testing::Test {
protected:
    void SetUp() override { require_conformance_data(); }
};

} // namespace caisson

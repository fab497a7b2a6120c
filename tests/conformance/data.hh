#pragma once

#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <filesystem>
#include <gtest/gtest.h>

namespace caisson {

/// The data of public test suites, beside the project's tree and no part of it.
inline std::filesystem::path conformance_data()
{
    return checkout::shared() / "conformance";
}

/// A fixture for tests that read it.
class ConformanceData : public ::testing::Test {
protected:
    void SetUp() override { CAISSON_REQUIRE_SHARED_DATA(); }
};

} // namespace caisson

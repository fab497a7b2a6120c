#pragma once

#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace caisson::testing {

/// Compares `text` with tests/golden/<name>. CAISSON_ACCEPT=1 writes the file anew and skips the
/// test, so that a refresh never looks like a pass.
inline void expect_golden(const std::string& name, std::string_view text)
{
    const std::filesystem::path golden = checkout::source() / "tests/golden" / name;
    if (std::getenv("CAISSON_ACCEPT") != nullptr) {
        write_file_atomically(golden, text);
        GTEST_SKIP() << "wrote " << golden;
    }
    EXPECT_EQ(text, read_file(golden, 1U << 20)) << "CAISSON_ACCEPT=1 accepts the change";
}

} // namespace caisson::testing

// The statement of a known record, byte for byte: what is signed does not change unseen.
// CAISSON_ACCEPT=1 writes it anew.
#include "attest/provenance.hh"
#include "sandbox/base/file.hh"
#include "tests/support/example_record.hh"
#include "tests/support/paths.hh"

#include <cstdlib>
#include <gtest/gtest.h>

namespace caisson::attest {
namespace {

TEST(Statement, IsAsItWas)
{
    const std::filesystem::path golden = checkout::source() / "tests/golden/statement.json";
    const std::string statement = make_provenance(example_record());
    if (std::getenv("CAISSON_ACCEPT") != nullptr) {
        write_file_atomically(golden, statement);
        GTEST_SKIP() << "wrote " << golden;
    }

    EXPECT_EQ(statement, read_file(golden, 1U << 20));
}

} // namespace
} // namespace caisson::attest

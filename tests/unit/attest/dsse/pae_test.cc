#include "attest/dsse/pae.hh"
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gtest/gtest.h>

namespace caisson::attest::dsse {
namespace {

TEST(Pae, AgreesWithTheSpecificationsVectors)
{
    EXPECT_EQ(pae("", ""), "DSSEv1 0  0 ");
    EXPECT_EQ(pae("http://example.com/HelloWorld", "hello world"),
              "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    EXPECT_EQ(pae("t", "\u0ca0"), "DSSEv1 1 t 3 \u0ca0") << "lengths are of bytes";
}

TEST(Pae, AgreesWithTheWorkedStatement)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const std::filesystem::path vectors = checkout::shared() / "conformance/provenance";
    const std::string statement = read_file(vectors / "statement.json", 1U << 20);

    EXPECT_EQ(pae("application/vnd.in-toto+json", statement),
              read_file(vectors / "pae.bin", 1U << 20));
}

} // namespace
} // namespace caisson::attest::dsse

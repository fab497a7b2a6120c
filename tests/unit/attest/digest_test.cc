#include "attest/digest.hh"
#include "sandbox/base/error.hh"

#include <gtest/gtest.h>

namespace caisson::attest {
namespace {

// FIPS 180-4 examples
constexpr const char* kOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, AgreesWithTheStandardsExamples)
{
    EXPECT_EQ(Digest::of("").hex(), kOfNothing);
    EXPECT_EQ(Digest::of("abc").hex(), kOfAbc);
}

TEST(Digest, ReadsItsOwnTextAndNothingElse)
{
    const std::string hex = kOfAbc;

    EXPECT_EQ(Digest::parse("sha256:" + hex), Digest::of("abc"));
    std::string upper = hex;
    upper[0] = 'B';
    for (const std::string& text : {std::string(),
                                    hex,
                                    "sha256:" + upper,
                                    "sha256:" + hex + "0",
                                    "sha256:" + hex.substr(1),
                                    "sha512:" + hex,
                                    "sha256:../" + hex.substr(3),
                                    "sha256:" + hex + "\n"})
        EXPECT_EQ(Digest::parse(text), std::nullopt) << text;
}

TEST(Digest, OfNothingYetIsEmptyAndOfNoBytesIsNot)
{
    EXPECT_TRUE(Digest().empty());
    EXPECT_FALSE(Digest::of("").empty());
}

TEST(Digest, RefusesTrustedHexThatIsNone)
{
    EXPECT_THROW((void)Digest::from_hex("abc"), Error);
}

TEST(Sha256, IsTheSameInPiecesAsInOne)
{
    Sha256 hash;
    for (const char* piece : {"a", "", "bc"})
        hash.update(piece);

    EXPECT_EQ(std::move(hash).finish().hex(), kOfAbc);
}

TEST(Sha256, KeepsTwoComputationsApart)
{
    Sha256 first;
    Sha256 second;
    first.update("ab");
    second.update("x");
    (void)Digest::of("between");
    first.update("c");

    EXPECT_EQ(std::move(first).finish().hex(), kOfAbc);
    EXPECT_EQ(std::move(second).finish(), Digest::of("x"));
}

} // namespace
} // namespace caisson::attest

#include "runner/registry/challenge.hh"

#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

TEST(Challenge, IsReadWhateverItsSpelling)
{
    for (
        const char* value :
        {R"(Bearer realm="https://auth.example.org/t",service="s",scope="repository:a:pull,push")",
         R"(bearer  REALM="https://auth.example.org/t" , Service=s, scope="repository:a:pull,push")",
         R"(Bearer scope="repository:a:pull,push",x="a\"b",service="s",realm="https://auth.example.org/t")"}) {
        const auto challenge = parse_challenge(value);
        ASSERT_TRUE(challenge) << value;
        EXPECT_EQ(challenge->realm, "https://auth.example.org/t");
        EXPECT_EQ(challenge->service, "s");
        EXPECT_EQ(challenge->scope, "repository:a:pull,push");
    }
}

TEST(Challenge, IsNothingElse)
{
    for (const char* value : {"",
                              "Digest realm=\"x\"",
                              "Bearer",
                              "Bearer ",
                              "Bearer realm",
                              "Bearer realm=",
                              "Bearer realm=\"",
                              "Bearer service=\"s\"",
                              "Bearerrealm=\"x\""})
        EXPECT_FALSE(parse_challenge(value)) << value;
}

TEST(Challenge, IsAskedForWithItsPartsEncoded)
{
    EXPECT_EQ(token_url({.realm = "https://a/t", .service = "s&x=1"},
                        {"repository:a/b:pull", "repository:c:pull"},
                        "me"),
              "https://a/t?service=s%26x%3D1&scope=repository%3Aa%2Fb%3Apull"
              "&scope=repository%3Ac%3Apull&account=me");
    EXPECT_EQ(token_url({.realm = "https://a/t?k=v"}, {"x"}, ""), "https://a/t?k=v&scope=x");
}

TEST(Challenge, MayBeForAPassword)
{
    const auto challenge = parse_challenge("basic realm=\"Registry\"");
    ASSERT_TRUE(challenge);
    EXPECT_TRUE(challenge->basic);
}

} // namespace
} // namespace caisson::runner

#include "runner/dockerfile/ignore.hh"
#include "sandbox/base/error.hh"

#include <chrono>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

TEST(IgnoreRules, ReadTheFileAsDockerDoes)
{
    const IgnoreRules rules("\xEF\xBB\xBF# remark\r\n"
                            "  /build/ \r\n"
                            "\n"
                            "./a/../b\n"
                            "#not/a/rule\n"
                            " #a-rule\n"
                            "! /build/keep\n");

    EXPECT_TRUE(rules.ignores("build"));
    EXPECT_TRUE(rules.ignores("build/x"));
    EXPECT_FALSE(rules.ignores("build/keep"));
    EXPECT_FALSE(rules.ignores("build/keep/x"));
    EXPECT_TRUE(rules.ignores("b"));
    EXPECT_TRUE(rules.ignores("#a-rule"));
    EXPECT_FALSE(rules.ignores("#not/a/rule"));
    EXPECT_FALSE(rules.ignores("sub/build"));
}

TEST(IgnoreRules, OfNothingIgnoreNothing)
{
    EXPECT_TRUE(IgnoreRules().empty());
    EXPECT_TRUE(IgnoreRules("# only this\n").empty());
    EXPECT_FALSE(IgnoreRules().ignores("a"));
    EXPECT_FALSE(IgnoreRules("*").ignores("."));
}

TEST(IgnoreRules, NameTheLineOfABadPattern)
{
    try {
        const IgnoreRules rules("a\n\nb[\n", "ctx/.dockerignore");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        EXPECT_STREQ(error.what(), "ctx/.dockerignore:3: malformed pattern \"b[\"");
    }
    EXPECT_THROW(IgnoreRules("!\n"), Error);
    EXPECT_THROW(IgnoreRules(std::string(5000, 'a')), Error);
}

TEST(IgnoreRules, KnowWhereNothingComesBack)
{
    const IgnoreRules rules("*\n!src/keep/*.c\n!doc\n!*/wild\n");

    EXPECT_FALSE(rules.can_skip("src"));
    EXPECT_FALSE(rules.can_skip("src/keep"));
    EXPECT_FALSE(rules.can_skip("other")); // "*/wild" may match below any directory
    const IgnoreRules plain("*\n!src/keep/*.c\n");
    EXPECT_FALSE(plain.can_skip("src"));
    EXPECT_TRUE(plain.can_skip("srcs"));
    EXPECT_TRUE(plain.can_skip("other"));
    EXPECT_TRUE(IgnoreRules("a").can_skip("a"));
}

TEST(IgnoreRules, AnswerTheSameFromAParentsMatches)
{
    const IgnoreRules rules("a*\n!a/b\na/b/c?\n**/x/**\n!**/x/keep\n");
    const std::vector<std::vector<std::string>> walks = {{"a", "a/b", "a/b/cd", "a/b/cd/e"},
                                                         {"a", "a/b", "a/b/c"},
                                                         {"z", "z/x", "z/x/keep", "z/x/keep/1"},
                                                         {"z", "z/x", "z/x/y"},
                                                         {"q", "q/a"}};
    for (const auto& walk : walks) {
        IgnoreRules::Matches parent;
        for (const std::string& path : walk) {
            IgnoreRules::Matches own;
            EXPECT_EQ(rules.ignores(path, parent, &own), rules.ignores(path)) << path;
            EXPECT_EQ(rules.ignores(path, parent), rules.ignores(path)) << path;
            parent = own;
        }
    }
}

TEST(IgnoreRules, TakeNoHostilePatternForever)
{
    std::string pattern;
    for (int count = 0; count < 200; ++count)
        pattern += "*a**/";
    const IgnoreRules rules(pattern + "b");
    const auto begin = std::chrono::steady_clock::now();

    EXPECT_FALSE(rules.ignores(std::string(2000, 'a')));

    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(MatchPath, StopsAtSlashes)
{
    EXPECT_TRUE(match_path("*.c", "a.c"));
    EXPECT_FALSE(match_path("*.c", "d/a.c"));
    EXPECT_FALSE(match_path("**.c", "d/a.c"));
    EXPECT_TRUE(match_path("d/*", "d/\xFF\n"));
    EXPECT_TRUE(match_path("arr[[]0].txt", "arr[0].txt"));
}

} // namespace
} // namespace caisson::runner

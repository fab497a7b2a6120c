#include "attest/strict_json.hh"

#include <gtest/gtest.h>

namespace caisson::attest {
namespace {

std::string problem(std::string_view text)
{
    return read_strict_json(text).problem;
}

TEST(StrictJson, ReadsOrdinaryJson)
{
    const auto read = read_strict_json(R"({"a":[1,2.5,null,true,"\u2028"],"b":{"a":{}}})");

    ASSERT_TRUE(read.value) << read.problem;
    EXPECT_EQ((*read.value)["a"][4], "\u2028");
    EXPECT_TRUE(read.problem.empty());
}

TEST(StrictJson, RefusesAMemberThatStandsTwice)
{
    EXPECT_EQ(problem(R"({"a":1,"b":{"c":1,"c":2}})"),
              "the member \"c\" stands twice in one object");
    EXPECT_NE(problem(R"({"a":1,"\u0061":2})"), "") << "the same name in two spellings";
    EXPECT_EQ(problem(R"([{"a":1},{"a":2}])"), "") << "two objects may";
}

TEST(StrictJson, RefusesDeepNestingWithoutFollowingIt)
{
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };

    EXPECT_EQ(problem(nested(kMaxDepth)), "");
    EXPECT_EQ(problem(nested(kMaxDepth + 1)), "nested deeper than 64");
    EXPECT_EQ(problem(std::string(1'000'000, '[')), "nested deeper than 64");
}

TEST(StrictJson, RefusesWhatReadersTakeDifferently)
{
    for (const char* text : {"",
                             "\xef\xbb\xbf{}",
                             "{} {}",
                             "{\"a\":\"\xff\"}",
                             "{\"a\":\"\\ud800\"}",
                             "{\"a\":1,}",
                             "{\"a\":01}",
                             "{\"a\":NaN}",
                             "{\"a\":1e999}",
                             "{'a':1}",
                             "{/**/}",
                             "{\"a\":\"\n\"}"})
        EXPECT_NE(problem(text), "") << text;
}

TEST(Member, FollowsNamesThroughAnything)
{
    const nlohmann::json json = {{"a", {{"b", "c"}}}, {"list", {1, 2}}};

    EXPECT_EQ(member(json, "a", "b"), "c");
    EXPECT_TRUE(member(json, "list", "b").is_null());
    EXPECT_TRUE(member(json, "a", "b", "c").is_null());
    EXPECT_EQ(text_member(json, "list"), std::nullopt);
}

} // namespace
} // namespace caisson::attest

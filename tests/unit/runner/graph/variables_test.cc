#include "runner/graph/variables.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using ::testing::ElementsAre;

const Lookup kNothing = [](std::string_view) { return std::nullopt; };

TEST(BuildArgs, GivenValueWinsOverDefaultAndDefaultOverGlobal)
{
    const std::map<std::string, std::string> given = {{"A", "given"}};
    BuildArgs args(given);
    args.declare_global({.values = {{"A", "global"}, {"B", "global"}, {"C", "global"}}}, '\\');
    auto scope = args.new_scope();

    scope.declare(
        {.values = {{"A", "default"}, {"B", "default"}, {"C", std::nullopt}, {"D", std::nullopt}}},
        kNothing,
        '\\');

    EXPECT_EQ(scope.find("A"), "given");
    EXPECT_EQ(scope.find("B"), "default");
    EXPECT_EQ(scope.find("C"), "global");
    EXPECT_EQ(scope.find("D"), std::nullopt);
}

TEST(BuildArgs, AreNotSeenInAStageThatDoesNotDeclareThem)
{
    const std::map<std::string, std::string> given = {{"A", "given"}};
    BuildArgs args(given);
    args.declare_global({.values = {{"A", "global"}}}, '\\');

    EXPECT_EQ(args.new_scope().find("A"), std::nullopt);
}

TEST(BuildArgs, TellsThoseNobodyDeclaredButNotTheProxies)
{
    const std::map<std::string, std::string> given = {{"VERSON", "1"},
                                                      {"HTTP_PROXY", "http://proxy.example.org"}};
    BuildArgs args(given);

    EXPECT_THAT(args.unused(), ElementsAre("VERSON"));
    EXPECT_EQ(args.new_scope().find("HTTP_PROXY"), "http://proxy.example.org");
}

TEST(BuildArgs, KnowsThePlatform)
{
    const std::map<std::string, std::string> given;
    BuildArgs args(given);
    auto scope = args.new_scope();

    scope.declare({.values = {{"TARGETARCH", std::nullopt}}}, kNothing, '\\');

    EXPECT_EQ(scope.find("TARGETARCH"), scratch_config().architecture);
}

} // namespace
} // namespace caisson::runner

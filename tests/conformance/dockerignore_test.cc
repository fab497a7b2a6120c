// moby/patternmatcher's tables.
#include "runner/dockerfile/ignore.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/conformance/data.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

nlohmann::json table(const std::string& name)
{
    const auto path = conformance_data() / "dockerignore/patterns.json";
    return nlohmann::json::parse(read_file(path, 1U << 20U)).at(name);
}

using IgnorePatterns = ConformanceData;
using Globs = ConformanceData;

TEST_F(IgnorePatterns, AgreeWithPatternmatcher)
{
    const auto rows = table("matches");
    for (const auto& row : rows) {
        const IgnoreRules rules(row[0].get<std::string>());
        EXPECT_EQ(rules.ignores(row[1].get<std::string>()), row[2].get<bool>()) << row;
    }
    EXPECT_EQ(rows.size(), 68U);
}

TEST_F(IgnorePatterns, LastMatchWins)
{
    const auto rows = table("multi");
    for (const auto& row : rows) {
        std::string text;
        for (const auto& pattern : row[0])
            text += pattern.get<std::string>() + "\n";
        EXPECT_EQ(IgnoreRules(text).ignores(row[1].get<std::string>()), row[2].get<bool>()) << row;
    }
    EXPECT_EQ(rows.size(), 4U);
}

TEST_F(Globs, AgreeWithGosTable)
{
    const auto rows = table("glob");
    for (const auto& row : rows) {
        const std::string pattern = row[0].get<std::string>();
        const std::string path = row[1].get<std::string>();
        if (!row[3].is_null()) {
            EXPECT_THROW(IgnoreRules{pattern}, Error) << row;
            EXPECT_THROW((void)match_path(pattern, path), Error) << row;
            continue;
        }
        EXPECT_EQ(IgnoreRules(pattern).ignores(path), row[2].get<bool>()) << row;
        // the one row in which a directory's match counts for what is below it
        const bool below = pattern == "a*" && path == "ab/c";
        EXPECT_EQ(match_path(pattern, path), row[2].get<bool>() && !below) << row;
    }
    EXPECT_EQ(rows.size(), 54U);
}

} // namespace
} // namespace caisson::runner

#include "runner/dockerfile/path.hh"

#include <array>
#include <gtest/gtest.h>
#include <utility>

namespace caisson::runner {
namespace {

TEST(CleanPath, IsGosFilepathClean)
{
    // the table of Go's path/filepath tests, "cleantests"
    constexpr std::array<std::pair<const char*, const char*>, 29> kTable = {{
        {"abc", "abc"},
        {"abc/def", "abc/def"},
        {"a/b/c", "a/b/c"},
        {".", "."},
        {"..", ".."},
        {"../..", "../.."},
        {"../../abc", "../../abc"},
        {"/abc", "/abc"},
        {"/", "/"},
        {"", "."},
        {"abc/", "abc"},
        {"abc/def/", "abc/def"},
        {"../", ".."},
        {"../../", "../.."},
        {"/abc/", "/abc"},
        {"abc//def//ghi", "abc/def/ghi"},
        {"abc//", "abc"},
        {"abc/./def", "abc/def"},
        {"/./abc/def", "/abc/def"},
        {"abc/.", "abc"},
        {"abc/def/ghi/../jkl", "abc/def/jkl"},
        {"abc/def/../ghi/../jkl", "abc/jkl"},
        {"abc/def/..", "abc"},
        {"abc/def/../..", "."},
        {"/abc/def/../..", "/"},
        {"abc/def/../../..", ".."},
        {"/abc/def/../../..", "/"},
        {"abc/def/../../../ghi/jkl/../../../mno", "../../mno"},
        {"/../abc", "/abc"},
    }};
    for (const auto& [path, clean] : kTable)
        EXPECT_EQ(clean_path(path), clean) << path;
}

} // namespace
} // namespace caisson::runner

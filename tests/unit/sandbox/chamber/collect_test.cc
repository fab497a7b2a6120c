#include "sandbox/base/error.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/chamber/wildcard.hh"
#include "sandbox/sys/path.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A tree that COPY --from reads, and one that takes what it selects.
class Collect : public ::testing::Test {
protected:
    void SetUp() override
    {
        fs::create_directories(source() / "app/lib/deep");
        std::ofstream(source() / "app/main.js") << "main";
        std::ofstream(source() / "app/other.js") << "other";
        std::ofstream(source() / "app/readme.md") << "readme";
        std::ofstream(source() / "app/lib/deep/x") << "x";
        fs::create_symlink("app/main.js", source() / "link-to-file");
        fs::create_symlink("/app/lib", source() / "link-to-directory");
        fs::create_symlink("../../../../app", source() / "climbing");
    }

    [[nodiscard]] fs::path source() const { return from_.path(); }
    [[nodiscard]] fs::path target() const { return to_.path(); }

    std::string collect(const CollectOptions& options)
    {
        const UniqueFd output = testing::file_with("");
        const UniqueFd root = open_file(source(), O_RDONLY | O_DIRECTORY);
        collect_files(root.get(), options, output.get());
        ::lseek(output.get(), 0, SEEK_SET);
        return read_all(output.get(), 1U << 28, "tar");
    }

    /// What is below /to after COPY --from of these patterns.
    std::vector<std::string> copied(const std::vector<std::string>& patterns)
    {
        const UniqueFd input = testing::file_with(collect({.patterns = patterns}));
        const UniqueFd root = open_file(target(), O_RDONLY | O_DIRECTORY);
        receive_files(root.get(), {.destination = "/to/", .directory = true}, input.get());
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(target() / "to"))
            found.push_back(entry.path().lexically_relative(target() / "to"));
        std::sort(found.begin(), found.end());
        return found;
    }

    std::string refusal_of(const std::string& pattern)
    {
        try {
            collect({.patterns = {pattern}});
            return "";
        } catch (const Error& error) {
            return error.what();
        }
    }

private:
    TempDirectory from_{fs::temp_directory_path(), "caisson-from-"};
    TempDirectory to_{fs::temp_directory_path(), "caisson-to-"};
};

TEST_F(Collect, TakesAFileByItsBaseName)
{
    EXPECT_THAT(copied({"/app/main.js"}), ElementsAre("main.js"));
}

TEST_F(Collect, TakesADirectorysContents)
{
    EXPECT_THAT(copied({"app/lib"}), ElementsAre("deep", "deep/x"));
}

TEST_F(Collect, TakesWhatAPatternMatches)
{
    EXPECT_THAT(copied({"/app/*.js"}), ElementsAre("main.js", "other.js"));
    EXPECT_THAT(refusal_of("/app/*.cc"), HasSubstr("nothing matches \"/app/*.cc\""));
}

TEST_F(Collect, MatchesDirectoriesOnTheWay)
{
    EXPECT_THAT(copied({"/a*/l?b/[c-e]eep"}), ElementsAre("x"));
}

TEST_F(Collect, FollowsALinkThatIsNamedAndKeepsItsName)
{
    EXPECT_THAT(copied({"/link-to-file"}), ElementsAre("link-to-file"));
    EXPECT_EQ(testing::content_of(target() / "to/link-to-file"), "main");
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(target() / "to/link-to-file")));
}

TEST_F(Collect, FollowsLinksInTheWayInsideTheTree)
{
    EXPECT_THAT(copied({"/link-to-directory/deep"}), ElementsAre("x"));
    EXPECT_THAT(copied({"/climbing/main.js"}), ElementsAre("main.js", "x"));
}

TEST_F(Collect, NeverLeavesTheTree)
{
    EXPECT_THAT(refusal_of("/../../../../etc/passwd"), HasSubstr("\"/etc/passwd\" is not there"));
    fs::create_symlink("/etc/passwd", source() / "secret");
    EXPECT_THAT(refusal_of("/secret"), HasSubstr("is not there"));
}

TEST_F(Collect, TellsAMalformedPattern)
{
    EXPECT_THAT(refusal_of("/app/[a"), HasSubstr("malformed pattern"));
}

TEST_F(Collect, SetsTheModeOfFilesAndDirectories)
{
    const UniqueFd input = testing::file_with(collect({.patterns = {"/app"}, .mode = "750"}));
    const UniqueFd root = open_file(target(), O_RDONLY | O_DIRECTORY);
    receive_files(root.get(), {.destination = "/to"}, input.get());

    for (const char* path : {"to", "to/lib", "to/main.js"})
        EXPECT_EQ(fs::status(target() / path).permissions(), fs::perms(0750)) << path;
    EXPECT_THROW(collect({.mode = "9"}), Error);
}

TEST_F(Collect, TakesTheWholeTreeWithItsHardLinksAndOwners)
{
    fs::create_hard_link(source() / "app/main.js", source() / "zz");
    ASSERT_EQ(::chown((source() / "app/readme.md").c_str(), 3, 4), 0);

    const UniqueFd input = testing::file_with(collect({.clamp_epoch = 1000}));
    const UniqueFd root = open_file(target(), O_RDONLY | O_DIRECTORY);
    unpack_layer(root.get(), input.get());
    const UniqueFd from = open_file(source(), O_RDONLY | O_DIRECTORY);
    freeze_tree(from.get(), 1000);

    EXPECT_EQ(testing::listing_of(target()), testing::listing_of(source()));
}

struct Match {
    const char* pattern;
    const char* name;
    bool matches;
};

// filepath.Match's own examples (Go, path/filepath/match_test.go), for one component
constexpr Match kMatches[] = {
    {"abc", "abc", true},
    {"*", "abc", true},
    {"*c", "abc", true},
    {"a*", "a", true},
    {"a*", "abc", true},
    {"a*b*c*d*e*", "axbxcxdxe", true},
    {"a*b*c*d*e*", "axbxcxdxexxx", true},
    {"a*b?c*x", "abxbbxdbxebxczzx", true},
    {"a*b?c*x", "abxbbxdbxebxczzy", false},
    {"ab[c]", "abc", true},
    {"ab[b-d]", "abc", true},
    {"ab[e-g]", "abc", false},
    {"ab[^c]", "abc", false},
    {"ab[^b-d]", "abc", false},
    {"ab[^e-g]", "abc", true},
    {"a\\*b", "a*b", true},
    {"a\\*b", "ab", false},
    {"a?b", "a\u263ab", true},
    {"a[^a]b", "a\u263ab", true},
    {"a???b", "a\u263ab", false},
    {"a[^a][^a][^a]b", "a\u263ab", false},
    {"[a-\u03b6]*", "\u03b1", true},
    {"*[a-\u03b6]", "A", false},
    {"[\\]a]", "]", true},
    {"[\\-]", "-", true},
    {"[x\\-]", "x", true},
    {"[x\\-]", "-", true},
    {"[x\\-]", "z", false},
    {"[\\-x]", "a", false},
    {"*x", "xxx", true},
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"*", "", true},
    {"?", "", false},
    {"?", "\xff", true},
    {"\xff*", "\xff\xfe", true},
};

TEST(Wildcard, MatchesAsGoDoes)
{
    for (const Match& one : kMatches)
        EXPECT_EQ(matches_wildcard(one.pattern, one.name), one.matches)
            << one.pattern << " " << one.name;
}

TEST(Wildcard, RefusesMalformedPatterns)
{
    for (const char* pattern :
         {"[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[", "[^", "[^bc", "a[", "[-", "a\\"})
        EXPECT_THROW((void)matches_wildcard(pattern, "a"), Error) << pattern;
}

TEST(Wildcard, IsToldFromAnEscape)
{
    EXPECT_FALSE(has_wildcard("a\\*b"));
    EXPECT_TRUE(has_wildcard("a\\\\*"));
    EXPECT_EQ(without_escapes("a\\*b"), "a*b");
}

} // namespace
} // namespace caisson::sandbox

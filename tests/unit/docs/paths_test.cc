// Documents name files; a file that moves takes its name along, or this test says so.
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"

#include <filesystem>
#include <gtest/gtest.h>
#include <regex>
#include <set>

namespace caisson {
namespace {

namespace fs = std::filesystem;

class Document : public ::testing::TestWithParam<const char*> {};

/// What looks like a path of this tree: in back quotes with a slash or a known ending, or the
/// target of a link.
std::set<std::string> named_paths(const std::string& text)
{
    static const std::regex kQuoted("`((?:runner|sandbox|attest|policies|tests|scripts|docs|"
                                    "examples|packaging)/[A-Za-z0-9_./-]*)`");
    static const std::regex kLink("\\]\\(([A-Za-z0-9_./-]+)(?:#[a-z0-9-]+)?\\)");
    std::set<std::string> paths;
    for (const std::regex& pattern : {kQuoted, kLink})
        for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end;
             ++match)
            paths.insert((*match)[1]);
    return paths;
}

TEST_P(Document, NamesOnlyPathsThatExist)
{
    const fs::path file = checkout::source() / GetParam();
    const std::set<std::string> paths = named_paths(read_file(file, 1U << 20U));

    for (const std::string& path : paths)
        EXPECT_TRUE(fs::exists(checkout::source() / path) || fs::exists(file.parent_path() / path))
            << GetParam() << " names " << path;
    EXPECT_FALSE(paths.empty()) << "the pattern finds nothing any more";
}

INSTANTIATE_TEST_SUITE_P(All,
                         Document,
                         ::testing::Values("README.md",
                                           "ARCHITECTURE.md",
                                           "SECURITY.md",
                                           "CONTRIBUTING.md",
                                           "docs/bad-input.md"),
                         [](const auto& test) {
                             std::string name = fs::path(test.param).stem();
                             std::erase(name, '-');
                             return name;
                         });

} // namespace
} // namespace caisson

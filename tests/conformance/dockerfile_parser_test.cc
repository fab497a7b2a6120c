// BuildKit's parser test files: every tree must come out as theirs, to the last quote.
#include "runner/dockerfile/node.hh"
#include "runner/dockerfile/parser.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/conformance/data.hh"

#include <filesystem>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

const std::filesystem::path kData = conformance_data() / "dockerfile";

/// A word as Go's strconv.Quote writes it; UTF-8 stays as it is.
std::string quote(const std::string& word)
{
    std::string result = "\"";
    for (const char byte : word) {
        constexpr std::string_view kPlain = "\a\b\f\n\r\t\v\\\"";
        constexpr std::string_view kLetters = "abfnrtv\\\"";
        constexpr std::string_view kHex = "0123456789abcdef";
        const auto code = static_cast<unsigned char>(byte);
        if (const std::size_t at = kPlain.find(byte); at != std::string_view::npos)
            result += {'\\', kLetters[at]};
        else if (code < 0x20 || code == 0x7F)
            result += {'\\', 'x', kHex[code >> 4U], kHex[code & 0xFU]};
        else
            result += byte;
    }
    return result + "\"";
}

/// A node as BuildKit's SyntaxNode.Dump writes it.
std::string dump(const SyntaxNode& node)
{
    std::string text = node.command;
    if (!node.flags.empty()) {
        text += " [";
        for (const std::string& flag : node.flags)
            text += (&flag == &node.flags.front() ? "" : " ") + quote(flag);
        text += "]";
    }
    for (const SyntaxNode& trigger : node.trigger)
        text += " (" + dump(trigger) + ")";
    for (const std::string& word : node.words)
        text += " " + quote(word);
    return text;
}

std::vector<std::string> folders_of(const std::string& name)
{
    std::vector<std::string> names;
    // called before main(): a missing folder is for AreAllThere to tell
    if (!std::filesystem::is_directory(kData / name)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(kData / name))
        names.push_back(entry.path().filename());
    return names;
}

std::string read(const std::filesystem::path& path)
{
    return read_file(path, 1U << 20U);
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info)
{
    std::string name = info.param;
    std::replace_if(
        name.begin(), name.end(), [](char byte) { return std::isalnum(byte) == 0; }, '_');
    return name;
}

class GoldenTree : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTree);

TEST_P(GoldenTree, IsWhatBuildKitParses)
{
    const auto folder = kData / "parser" / GetParam();
    const std::string text = read(folder / "Dockerfile");

    const Source source(text, "Dockerfile");
    Lexer lexer(source);
    std::string tree;
    for (const SyntaxNode& node : read_nodes(lexer, source))
        tree += "(" + dump(node) + ")\n";

    EXPECT_EQ(tree, read(folder / "result"));
}
INSTANTIATE_TEST_SUITE_P(BuildKit,
                         GoldenTree,
                         ::testing::ValuesIn(folders_of("parser")),
                         test_name);

class RefusedFile : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RefusedFile);

TEST_P(RefusedFile, IsAUsageErrorWithItsPlace)
{
    const std::string text = read(kData / "parser-negative" / GetParam() / "Dockerfile");

    try {
        (void)parse_dockerfile(text, "Dockerfile");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        EXPECT_TRUE(error.message().starts_with("Dockerfile:")) << error.what();
    }
}
INSTANTIATE_TEST_SUITE_P(BuildKit,
                         RefusedFile,
                         ::testing::ValuesIn(folders_of("parser-negative")),
                         test_name);

class GoldenTrees : public ConformanceData {};

TEST_F(GoldenTrees, AreAllThere)
{
    EXPECT_EQ(folders_of("parser").size(), 33U);
    EXPECT_EQ(folders_of("parser-negative").size(), 4U);
}

} // namespace
} // namespace caisson::runner

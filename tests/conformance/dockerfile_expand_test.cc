// BuildKit's tables of expansions and word splits (frontend/dockerfile/shell).
#include "runner/dockerfile/expand.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/conformance/data.hh"

#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace caisson::runner {
namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> lines_of(const std::string& name)
{
    std::istringstream stream(
        read_file(conformance_data() / "dockerfile/expand" / name, 1U << 20U));
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

std::string strip(const std::string& text)
{
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Lookup lookup_in(const Environment& environment)
{
    return [&environment](std::string_view name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        if (found == environment.end()) return std::nullopt;
        return found->second;
    };
}

std::string expand_or_error(const std::string& text, const Environment& environment)
{
    try {
        return expand(text, lookup_in(environment), '\\');
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return "error";
    }
}

using Expansion = ConformanceData;
using WordSplit = ConformanceData;

TEST_F(Expansion, AgreesWithBuildKitsTable)
{
    const Environment environment = {
        {"PWD", "/home"}, {"SHELL", "bash"}, {"KOREAN", "한국어"}, {"NULL", ""}};
    int rows = 0;
    for (const std::string& line : lines_of("envVarTest")) {
        if (line.empty() || line.starts_with('#') || line.starts_with("W|")) continue;
        const std::size_t bar = line.find('|', 2);
        const std::string text = strip(line.substr(2, bar - 2));

        EXPECT_EQ(expand_or_error(text, environment), strip(line.substr(bar + 1))) << line;
        ++rows;
    }
    EXPECT_EQ(rows, 228); // of 230: two are for Windows
}

TEST_F(WordSplit, AgreesWithBuildKitsTable)
{
    Environment environment;
    int rows = 0;
    for (const std::string& line : lines_of("wordsTest")) {
        if (line.empty() || line.starts_with('#')) continue;
        if (line.starts_with("ENV ")) {
            const std::size_t equals = line.find('=');
            environment[line.substr(4, equals - 4)] = line.substr(equals + 1);
            continue;
        }
        const std::size_t bar = line.find('|');
        std::string text = line.substr(0, bar);
        text.erase(0, text.find_first_not_of(' '));
        text.erase(text.find_last_not_of(' ') + 1);
        std::string expected = line.substr(bar + 1);
        expected.erase(0, expected.find_first_not_of(' '));

        std::string joined;
        try {
            for (const std::string& word : expand_words(text, lookup_in(environment), '\\'))
                joined += (joined.empty() ? "" : ",") + word;
        } catch (const Error&) {
            joined = "error";
        }
        EXPECT_EQ(joined, expected) << line;
        ++rows;
    }
    EXPECT_EQ(rows, 24);
}

} // namespace
} // namespace caisson::runner

#include "runner/dockerfile/expand.hh"
#include "sandbox/base/error.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

namespace caisson::runner {
namespace {

using testing::ElementsAre;

std::optional<std::string> lookup(std::string_view name)
{
    static const std::map<std::string, std::string, std::less<>> kValues = {
        {"file", "/usr/lib/libfoo.so.1.so"}, {"empty", ""}, {"x", "value"}, {"two", "a b"}};
    const auto found = kValues.find(name);
    if (found == kValues.end()) return std::nullopt;
    return found->second;
}

std::string expanded(std::string_view text)
{
    return expand(text, lookup, '\\');
}

std::string error_of(std::string_view text)
{
    try {
        return "no error, but " + expanded(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
}

TEST(Expand, CutsPrefixesAndSuffixes)
{
    EXPECT_EQ(expanded("${file#*/}"), "usr/lib/libfoo.so.1.so");
    EXPECT_EQ(expanded("${file##*/}"), "libfoo.so.1.so");
    EXPECT_EQ(expanded("${file%.so*}"), "/usr/lib/libfoo.so.1");
    EXPECT_EQ(expanded("${file%%.so*}"), "/usr/lib/libfoo");
    EXPECT_EQ(expanded("${file%/*}"), "/usr/lib");
    EXPECT_EQ(expanded("${file#nothing}"), "/usr/lib/libfoo.so.1.so");
    EXPECT_EQ(expanded("${x#v?l}"), "ue");
}

TEST(Expand, ReplacesOneOrAll)
{
    EXPECT_EQ(expanded("${file/.so/!}"), "/usr/lib/libfoo!.1.so");
    EXPECT_EQ(expanded("${file//.so/!}"), "/usr/lib/libfoo!.1!");
    EXPECT_EQ(expanded("${file//\\//-}"), "-usr-lib-libfoo.so.1.so");
    EXPECT_EQ(expanded("${x//?/.}"), ".....");
    EXPECT_EQ(expanded("${x/*/$two}"), "a b");
    EXPECT_EQ(expanded("${empty//a/b}"), "");
}

TEST(Expand, SaysWhatIsWrong)
{
    EXPECT_EQ(error_of("${unset?no value for it}"), "unset: no value for it");
    EXPECT_EQ(error_of("${empty:?}"), "empty: is not allowed to be empty");
    EXPECT_EQ(error_of("a ${x"), "missing '}' in \"a ${x\"");
    EXPECT_EQ(error_of("${x:=1}"), "unsupported modifier ':=' in \"${x:=1}\"");
    EXPECT_EQ(error_of("'a"), "missing the closing single quote in \"'a\"");
    EXPECT_EQ(error_of("${x#\\a}"), "invalid escape in the pattern \"\\a\" of a substitution");
}

TEST(Expand, TakesTheEscapeCharacterOfTheFile)
{
    EXPECT_EQ(expand("`$x C:\\$x", lookup, '`'), "$x C:\\value");
}

TEST(Expand, SplitsValuesButNotQuotedOnes)
{
    EXPECT_THAT(expand_words("1 $two \"$two\" 'c d'", lookup, '\\'),
                ElementsAre("1", "a", "b", "a b", "c d"));
}

TEST(Expand, LeavesQuotesOfABodyAlone)
{
    // BuildKit's testCopyHeredocSpecialSymbols: an escape goes, whatever follows it
    EXPECT_EQ(expand_raw("\"$x\" 'it'\n", lookup, '\\'), "\"value\" 'it'\n");
    EXPECT_EQ(expand_raw("\\$x \\\\ \\\n", lookup, '\\'), "$x \\ \n");
}

TEST(Expand, KeepsBytesThatAreNoText)
{
    EXPECT_EQ(expanded("\xFF\xFE$x\xC3"), "\xFF\xFEvalue\xC3");
}

TEST(Expand, EndsHostileNesting)
{
    std::string text;
    for (int depth = 0; depth < 100'000; ++depth)
        text += "${a:-";

    EXPECT_EQ(error_of(text).substr(0, 38), "substitutions nested too deeply in \"${");
}

TEST(Expand, EndsHostileGrowth)
{
    const std::string large(1U << 20U, 'a');
    const Lookup all_large = [&](std::string_view) { return std::optional(large); };
    std::string text;
    for (int count = 0; count < 20; ++count)
        text += "$a";

    EXPECT_THROW((void)expand(text, all_large, '\\'), Error);
    EXPECT_THROW((void)expand("${a//a/" + std::string(1000, 'b') + "}", all_large, '\\'), Error);
}

} // namespace
} // namespace caisson::runner

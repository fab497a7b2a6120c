#include "runner/progress/progress.hh"

#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

TEST(EscapeOutput, LeavesTextInAnyLanguageAlone)
{
    for (const char* text : {"plain\ttext", "한국어", "naïve – “quoted”", "🚀", ""})
        EXPECT_EQ(escape_output(text), text);
}

TEST(EscapeOutput, ShowsWhatATerminalWouldObey)
{
    EXPECT_EQ(escape_output("\x1b]0;owned\x07"), "\\u{1b}]0;owned\\u{7}");
    EXPECT_EQ(escape_output("a\xc2\x9b"
                            "31m"),
              "a\\u{9b}31m");
    EXPECT_EQ(escape_output("user\xe2\x80\xae"
                            "nimda"),
              "user\\u{202e}nimda");
    EXPECT_EQ(escape_output("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");
    EXPECT_EQ(escape_output("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // a surrogate
}

TEST(EscapeOutput, KeepsWhatAProgressBarLeftOnTheLine)
{
    EXPECT_EQ(escape_output("10%\r50%\r100%\r"), "100%");
}

TEST(EscapeOutput, DisarmsTheLogCommandsOfCiSystems)
{
    EXPECT_EQ(escape_output("::set-output name=x::y"), "\\u{3a}:set-output name=x::y");
    EXPECT_EQ(escape_output("  ::add-mask::y"), "  \\u{3a}:add-mask::y");
    EXPECT_EQ(escape_output("x ##vso[task.setvariable]y"), "x #\\u{23}vso[task.setvariable]y");
}

} // namespace
} // namespace caisson::runner

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
    EXPECT_EQ(escape_output("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
    EXPECT_EQ(escape_output("a\xc2\x9b"
                            "31m"),
              "a\\xc2\\x9b31m");
    EXPECT_EQ(escape_output("user\xe2\x80\xae"
                            "nimda"),
              "user\\xe2\\x80\\xaenimda");
    EXPECT_EQ(escape_output("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");
    EXPECT_EQ(escape_output("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // a surrogate
}

TEST(EscapeOutput, KeepsWhatAProgressBarLeftOnTheLine)
{
    EXPECT_EQ(escape_output("10%\r50%\r100%\r"), "100%");
}

TEST(EscapeOutput, DisarmsTheLogCommandsOfCiSystems)
{
    EXPECT_EQ(escape_output("::set-output name=x::y"), "\\x3a:set-output name=x::y");
    EXPECT_EQ(escape_output("  ::add-mask::y"), "  \\x3a:add-mask::y");
    EXPECT_EQ(escape_output("x ##vso[task.setvariable]y"), "x #\\x23vso[task.setvariable]y");
}

} // namespace
} // namespace caisson::runner

#include "runner/image/utf8.hh"

#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

TEST(Utf8, KnowsWellFormedText)
{
    for (const char* text : {"", "a", "ä", "€", "𝄞", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const char* text : {"\x80",
                             "\xc3",
                             "\xc0\xaf",
                             "\xe0\x80\x80",
                             "\xed\xa0\x80",
                             "\xf4\x90\x80\x80",
                             "\xf0\x80\x80\x80",
                             "\xff",
                             "a\xc3("})
        EXPECT_FALSE(is_utf8(text)) << printable(text);
}

TEST(Printable, LeavesNothingThatMovesACursor)
{
    EXPECT_EQ(printable("plain ä 𝄞"), "plain ä 𝄞");
    EXPECT_EQ(printable("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"
                        "2J"),
              "\\xc2\\x9b2J"); // CSI as one C1 control
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

} // namespace
} // namespace caisson::runner

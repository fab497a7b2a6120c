#include "sandbox/base/text.hh"

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(Utf8, IsToldFromWhatOnlyLooksLikeIt)
{
    for (const char* good : {"", "plain", "\u00df\u0ca0\U0001f600", "\u2028", "\U0010ffff"})
        EXPECT_TRUE(is_utf8(good)) << good;
    EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));

    for (const char* bad : {"\xff",
                            "\x80",
                            "\xc0\xaf",         // overlong '/'
                            "\xe0\x80\xaf",     // overlong
                            "\xf0\x80\x80\xaf", // overlong
                            "\xed\xa0\x80",     // a surrogate
                            "\xf4\x90\x80\x80", // above U+10FFFF
                            "\xe2\x82",         // cut short
                            "\xc3("})
        EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Printable, KeepsWhatPeopleWrite)
{
    EXPECT_EQ(printable("Stra\u00dfe \"7\" \\ \u0ca0 \U0001f600"),
              "Stra\u00dfe \"7\" \\ \u0ca0 \U0001f600");
}

TEST(Printable, ShowsWhatWouldDriveATerminal)
{
    EXPECT_EQ(printable("a\x1b[2J\n\r\x7f"), "a\\u{1b}[2J\\u{a}\\u{d}\\u{7f}");
    EXPECT_EQ(printable("\u009b31m"), "\\u{9b}31m"); // CSI in one character
    EXPECT_EQ(printable(std::string_view("\0x", 2)), "\\u{0}x");
}

TEST(Printable, ShowsWhatHidesOrTurnsText)
{
    EXPECT_EQ(printable("\u202e\u2066\u200b\u2028\ufeff\U000e0041"),
              "\\u{202e}\\u{2066}\\u{200b}\\u{2028}\\u{feff}\\u{e0041}");
}

TEST(Printable, ShowsBytesThatAreNoText)
{
    EXPECT_EQ(printable("a\xff\xe2\x82"), "a\\xff\\xe2\\x82");
}

} // namespace
} // namespace caisson

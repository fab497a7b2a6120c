// The story: what a step prints is shown by a terminal and read by a CI system. An escape sequence
// changes the window's title, hides what came before, or answers with bytes that the shell reads as
// typed; a line that begins with `::` or `##vso[` sets variables of the job that goes on with the
// secrets (moby#32272). A NUL, a line without end, ten megabytes of one line.
//
// The attacker: a step that prints all of them, on both outputs, and an image with such names. The
// assertion: what comes out has no byte that anything obeys.
#include "tests/escape/outside.hh"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPrint =
    "printf '\\033]0;title\\007\\033[2J\\033[6n\\033P+q\\033\\\\\\\\\\r\\b\\177\\n'; "
    "printf '\\302\\233[31m\\302\\220x\\342\\200\\256reversed\\342\\200\\254\\342\\201\\246\\n'; "
    "printf '::set-output name=a::b\\n::add-mask::x\\n::stop-commands::y\\n'; "
    "printf '##vso[task.setvariable variable=a]b\\n##[error]x\\n'; "
    "printf '##teamcity[x]\\nsection_start:1:x\\r\\n'; printf 'a\\000b\\377\\376\\n'";

/// Bytes that a terminal obeys.
bool has_control(const std::string& text)
{
    return std::any_of(text.begin(),
                       text.end(),
                       [](char each) {
                           const auto byte = static_cast<unsigned char>(each);
                           return (byte < 0x20 && byte != '\n') || byte == 0x7f;
                       }) ||
           text.find("\xc2\x9b") != std::string::npos ||
           text.find("\xe2\x80\xae") != std::string::npos;
}

/// A line that a CI system obeys begins with one of these.
bool has_command(const std::string& text)
{
    for (const char* start : {"\n::", "\n##"})
        if (("\n" + text).find(start) != std::string::npos) return true;
    return false;
}

TEST(EscapeByOutput, IsObeyedOutside)
{
    const std::string out = shell(kPrint).out;

    EXPECT_TRUE(has_control(out)) << "it proves nothing";
    EXPECT_TRUE(has_command(out));
}

class EscapeByOutputOf : public ::testing::TestWithParam<const char*> {};

TEST_P(EscapeByOutputOf, HasNoByteThatAnythingObeys)
{
    const Workspace work;
    work.add_busybox();
    work.write("print", kPrint);

    const Ran built =
        work.build(Workspace::busybox_root() +
                       "COPY print /\nRUN sh /print; sh /print >&2\nRUN sh /print; false\n",
                   {"--progress", GetParam()});

    EXPECT_EQ(built.exit, 1);
    EXPECT_FALSE(has_control(built.out)) << built.out;
    EXPECT_FALSE(has_control(built.err)) << built.err;
    EXPECT_FALSE(has_command(built.err)) << built.err;
    EXPECT_FALSE(has_command(built.out));
}

INSTANTIATE_TEST_SUITE_P(Progress, EscapeByOutputOf, ::testing::Values("plain", "json", "quiet"));

TEST(EscapeByOutput, NamesAndConfigurationAreShownHarmlessly)
{
    const Workspace work;
    work.write("a", "x");

    const Ran named =
        work.build("FROM scratch\nCOPY a /\nLABEL x=\"\x1b]0;title\x07\n::set-output\"\n",
                   {"-t", "app:1", "--progress", "plain"});
    const Ran missing = work.build("FROM scratch\nCOPY \x1b[31mred /\n");
    const Ran unknown = work.build("FROM scratch\n\x1b[31mRED x\n");
    const Ran shown = work.caisson({"image", "inspect", "app:1"});

    for (const Ran* each : {&named, &missing, &unknown, &shown}) {
        EXPECT_FALSE(has_control(each->err)) << each->err;
        EXPECT_FALSE(has_control(each->out)) << each->out;
        EXPECT_FALSE(has_command(each->err));
    }
}

} // namespace
} // namespace caisson::testing

// The story: CVE-2024-9676. To find the user of a step the runner reads /etc/passwd of the image,
// which is a link to a file of the host (its content shows in an error), to a fifo (the build
// hangs), to /dev/zero or to a file of a terabyte (the runner's memory is gone).
//
// The attacker: an image with each of them. The assertion: the build ends soon, with what the tree
// itself says, and nothing of the host is shown.
#include "tests/escape/outside.hh"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

struct Users {
    const char* name;
    const char* lines; ///< of shell, in the tree's /etc; OUTSIDE is the host's directory
};

constexpr Users kUsers[] = {
    {"LinkToTheHost", "ln -sf OUTSIDE/secret passwd"},
    {"LinkUpToTheHost", "ln -sf ../../../../../../../../../..OUTSIDE/secret passwd"},
    {"DirectoryLinkToTheHost", "cd /; rm -rf /etc; ln -s OUTSIDE /etc"},
    {"Fifo", "mkfifo passwd; mkfifo group"},
    {"LinkToZero", "ln -sf /dev/zero passwd; ln -sf /dev/zero group"},
    {"LinkToOutput", "ln -sf /dev/stdin passwd"},
    {"LinkToItself", "ln -sf passwd passwd"},
    {"Sparse", "truncate -s 1T passwd"},
    {"OneLine", "head -c 50000000 /dev/zero | tr '\\\\0' x > passwd"},
    {"Directory", "rm -f passwd; mkdir passwd"},
};

class EscapeByUsers : public ::testing::TestWithParam<Users> {};

TEST_P(EscapeByUsers, EndsSoonAndShowsNothing)
{
    const Workspace work;
    const Outside outside(work);
    work.add_busybox();
    std::string lines = GetParam().lines;
    for (std::size_t at = 0; (at = lines.find("OUTSIDE")) != std::string::npos;)
        lines.replace(at, 7, outside.path().native());
    const auto start = Clock::now();

    const Ran built = work.build(Workspace::busybox_root() + "RUN mkdir -p /etc && cd /etc && " +
                                     lines + "\nUSER builder\nRUN id\n",
                                 {"--progress", "plain"});

    EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
    EXPECT_NE(built.exit, 0) << "there is no such user";
    EXPECT_NE(built.exit, 70);
    EXPECT_THAT(built.err, Not(HasSubstr(Outside::kSecret)));
    EXPECT_TRUE(outside.is_untouched());
}

std::string name_of(const ::testing::TestParamInfo<Users>& users)
{
    return users.param.name;
}

INSTANTIATE_TEST_SUITE_P(Each, EscapeByUsers, ::testing::ValuesIn(kUsers), name_of);

TEST(EscapeByUsersOutside, LinkShowsTheHostAndAFifoHangs)
{
    const Workspace work;
    const Outside outside(work);
    const std::string etc = work.path("etc").native();

    EXPECT_THAT(shell("mkdir '" + etc + "' && ln -s '" + outside.path("secret").native() + "' '" +
                      etc + "/passwd' && cat '" + etc + "/passwd'")
                    .out,
                HasSubstr(Outside::kSecret));
    EXPECT_EQ(shell("mkfifo '" + etc + "/group' && timeout 1 cat '" + etc + "/group'").exit, 124);
}

} // namespace
} // namespace caisson::testing

// What `caisson run` does not take, and what it says to it.
#include "tests/support/workspace.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct Refusal {
    const char* name;
    std::vector<std::string> options;
    int exit;
    const char* says;
};

class RunRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(RunRefuses, WithItsCodeAndItsReason)
{
    const Workspace work;
    fs::create_directory(work.path("real"));
    fs::create_symlink("real", work.path("link"));
    ASSERT_EQ(::mkfifo(work.path("fifo").c_str(), 0600), 0);
    std::vector<std::string> arguments = {"run"};
    for (std::string option : GetParam().options) {
        if (const std::size_t at = option.find('@'); at != std::string::npos)
            option.replace(at, 1, work.path().native());
        arguments.push_back(option);
    }
    arguments.insert(arguments.end(), {"--", "true"});

    const Ran ran = work.caisson(arguments);

    EXPECT_EQ(ran.exit, GetParam().exit) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(GetParam().says));
    EXPECT_EQ(ran.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    All,
    RunRefuses,
    ::testing::Values(
        Refusal{"UnknownOption", {"--rootsf", "/"}, 2, "--rootsf"},
        Refusal{"TwoRoots", {"--rootfs", "/", "--image", "a"}, 2, "--rootfs"},
        Refusal{"CommandWithoutDashes", {"true"}, 2, "true"},
        Refusal{"BindWithoutDestination", {"--bind", "/usr"}, 2, "not SRC:DST"},
        Refusal{"BindWithRelativeDestination", {"--bind", "/usr:usr"}, 2, "not SRC:DST"},
        Refusal{"BindOverTheRoot", {"--bind", "/usr:/"}, 2, "--rootfs is for that"},
        Refusal{"BindOverProc", {"--bind", "/usr:/a/../proc/x"}, 2, "/proc is the cell's own"},
        Refusal{"BindOverDev", {"--bind", "/usr:/dev"}, 2, "/dev is the cell's own"},
        Refusal{"BindOfALink", {"--bind", "@/link:/a"}, 125, "passes through a link"},
        Refusal{"BindBelowALink", {"--bind", "@/link/x:/a"}, 125, "passes through a link"},
        Refusal{"BindOfAFifo", {"--bind", "@/fifo:/a"}, 125, "no regular file"},
        Refusal{"BindOfNothing", {"--bind", "@/none:/a"}, 125, "No such file"},
        Refusal{"RootThatIsALink", {"--rootfs", "@/link"}, 125, "passes through a link"},
        Refusal{"RootThatIsAFile", {"--rootfs", "/etc/passwd"}, 125, "no directory"},
        Refusal{"UnknownImage", {"--image", "none:1"}, 125, "no image \"none:1\""},
        Refusal{"UnknownPolicy", {"--policy", "nosuch"}, 2, "nosuch"},
        Refusal{"TimeThatIsNone", {"--timeout", "soon"}, 2, "\"soon\" is no time"},
        Refusal{"TimeAboveThePolicys", {"--timeout", "100h"}, 125, "refuses the request"},
        Refusal{"RelativeDirectory", {"--workdir", "tmp"}, 2, "not absolute"},
        Refusal{"MissingDirectory", {"--workdir", "/none"}, 125, "/none"},
        Refusal{"UnknownUser", {"--user", "nosuch"}, 125, "nosuch"},
        Refusal{"VariableWithoutName", {"--env", "=1"}, 2, "no name"}),
    [](const auto& test) { return std::string(test.param.name); });

} // namespace
} // namespace caisson::testing

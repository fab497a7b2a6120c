#include "runner/image/platform.hh"
#include "sandbox/base/error.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

TEST(Platform, IsReadAsFromNamesIt)
{
    const std::string host = host_architecture();

    EXPECT_EQ(architecture_of_platform("linux/" + host), host);
    EXPECT_EQ(architecture_of_platform("linux/" + host + "/v1"), host);
    for (const char* wrong :
         {"", "linux", "linux/", "linux/mips", "386", "windows/amd64", "linux//"})
        EXPECT_THROW((void)architecture_of_platform(wrong), Error) << wrong;
    EXPECT_THROW((void)architecture_of_platform("linux/" + host + "/v3"), Error);
}

#if defined(__x86_64__)
TEST(Platform, MayBeThatOf32Bits)
{
    EXPECT_TRUE(runs_architecture("386"));
    EXPECT_EQ(architecture_of_platform("linux/386"), "386");
    EXPECT_FALSE(is_for({{"os", "linux"}, {"architecture", "386"}}, "amd64"));
    EXPECT_TRUE(is_for({{"os", "linux"}, {"architecture", "386"}}, "386"));
}
#endif

TEST(Platform, NeedsNoMoreThanEveryMachineHas)
{
    EXPECT_TRUE(is_for({{"os", "linux"}, {"architecture", "arm64"}, {"variant", "v8"}}, "arm64"));
    EXPECT_FALSE(is_for({{"os", "linux"}, {"architecture", "amd64"}, {"variant", "v3"}}, "amd64"));
    EXPECT_FALSE(is_for({{"os", "windows"}, {"architecture", "amd64"}}, "amd64"));
}

} // namespace
} // namespace caisson::runner

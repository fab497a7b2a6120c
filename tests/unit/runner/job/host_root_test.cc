#include "runner/job/host_root.hh"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;

TEST(HostRoot, IsTheSameTwice)
{
    EXPECT_EQ(host_root().skeleton, host_root().skeleton);
}

TEST(HostRoot, BindsTheHostsProgramsReadOnlyEachWhereItLies)
{
    const HostRoot root = host_root();

    ASSERT_FALSE(root.binds.empty());
    EXPECT_EQ(root.binds.front().source, "/usr");
    for (const BindRequest& bind : root.binds) {
        EXPECT_EQ(bind.source.native(), bind.destination);
        EXPECT_FALSE(bind.writable);
        // a link could lead anywhere: the skeleton has it as a link
        EXPECT_FALSE(fs::is_symlink(fs::symlink_status(bind.source))) << bind.source;
    }
}

TEST(HostRoot, HasTheHostsLinksToItsPrograms)
{
    if (!fs::is_symlink(fs::symlink_status("/bin"))) GTEST_SKIP() << "/bin is a directory here";
    const HostRoot root = host_root();

    // the header of a link: its name, and where it leads
    const std::size_t header = root.skeleton.find(std::string("bin\0", 4));
    ASSERT_NE(header, std::string::npos);
    EXPECT_EQ(header % 512, 0U);
    EXPECT_EQ(root.skeleton[header + 156], '2');
    EXPECT_EQ(root.skeleton.substr(header + 157, fs::read_symlink("/bin").native().size()),
              fs::read_symlink("/bin").native());
}

} // namespace
} // namespace caisson::runner

// Disks that are small, full or read-only, each mounted where only the test sees it.
#include "tests/e2e/aftermath.hh"
#include "tests/support/paths.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DiskOfABuild : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (::geteuid() != 0) GTEST_SKIP() << "only root can mount the disk";
        work_.add_busybox();
        std::filesystem::create_directory(work_.path("disk"));
    }

    /// Runs a script in the workspace, in which `build` is caisson build; $PWD/disk is a tmpfs.
    [[nodiscard]] Ran with_disk(const std::string& size, const std::string& script) const
    {
        const std::string whole =
            "set -e; cd " + work_.path().native() + "; mount -t tmpfs -o size=" + size +
            " disk disk; " + "build() { " + (checkout::bin() / "caisson").native() +
            " build \"$@\" 2>&1 && code=0 || code=$?; echo \"exit $code\"; }\n" + script;
        return run("/usr/bin/unshare",
                   {"--mount", "--propagation", "private", "/bin/sh", "-c", whole},
                   work_.environment());
    }

    Workspace work_;
};

constexpr const char* kOnTheDisk = "export CAISSON_STORE=$PWD/disk/store; ";

TEST_F(DiskOfABuild, FilledByAStepIsToldAndTheNextBuildWorks)
{
    work_.write("Small", Workspace::busybox_root() + "RUN echo small >/small\n");
    work_.write("Dockerfile",
                Workspace::busybox_root() + "RUN dd if=/dev/zero of=/big bs=1M count=300\n");

    const Ran ran =
        with_disk("100m",
                  std::string(kOnTheDisk) +
                      "build -t big:1 context; build -t small:1 -f context/Small context;"
                      "ls disk/store/tmp");

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("No space left on device"));
    const std::size_t first = ran.out.find("exit 1\n");
    ASSERT_NE(first, std::string::npos) << ran.out;
    EXPECT_TRUE(ran.out.ends_with("exit 0\n")) << ran.out << "nor is anything left in tmp";
}

TEST_F(DiskOfABuild, FullWhileALayerIsPackedLeavesAWholeStore)
{
    // the step itself finds room; its layer does not, beside it
    work_.write("Dockerfile",
                Workspace::busybox_root() + "RUN dd if=/dev/urandom of=/noise bs=1M count=60\n");
    work_.write("Small", Workspace::busybox_root() + "RUN echo small >/small\n");

    const Ran ran =
        with_disk("100m",
                  std::string(kOnTheDisk) +
                      "build -t noise:1 context; build -t small:1 -f context/Small context;"
                      "ls disk/store/tmp");

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("No space left on device"), HasSubstr("exit 6\n")));
    EXPECT_TRUE(ran.out.ends_with("exit 0\n")) << ran.out << "nor is anything left in tmp";
}

TEST_F(DiskOfABuild, FullWhileTheImageIsWrittenLeavesNothingOfIt)
{
    work_.write("Dockerfile",
                Workspace::busybox_root() + "RUN dd if=/dev/urandom of=/noise bs=1M count=12\n");

    for (const std::string output : {"type=oci,dest=disk/image.tar",
                                     "type=oci,tar=false,dest=disk/image",
                                     "type=tar,dest=disk/image.tar",
                                     "type=local,dest=disk/image"}) {
        const Ran ran = with_disk("8m", "build -o " + output + " context; ls -A disk");

        EXPECT_EQ(ran.exit, 0) << ran.err;
        EXPECT_THAT(ran.out, HasSubstr("No space left on device")) << output;
        EXPECT_TRUE(ran.out.ends_with("exit 6\n")) << output << ": " << ran.out;
    }
    expect_whole(work_);
}

TEST_F(DiskOfABuild, ReadOnlyIsToldAsSuch)
{
    work_.write("Dockerfile", "FROM scratch\n");

    const Ran ran = with_disk("8m",
                              "mkdir disk/out; mount -o remount,ro disk; "
                              "build -o type=oci,dest=disk/out/image.tar context;" +
                                  std::string(kOnTheDisk) + "build context");

    EXPECT_THAT(ran.out, HasSubstr("disk/out"));
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Read-only file system"), HasSubstr("CAISSON_STORE")));
    EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("exit 0")));
    EXPECT_TRUE(ran.out.ends_with("exit 6\n")) << ran.out;
}

} // namespace
} // namespace caisson::testing

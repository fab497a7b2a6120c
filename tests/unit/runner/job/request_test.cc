#include "runner/request.hh"
#include "sandbox/base/error.hh"

#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

TEST(Output, IsReadAsDockerWritesIt)
{
    const OutputRequest archive = parse_output("type=oci,dest=out/image.tar");
    EXPECT_EQ(archive.type, OutputRequest::Type::kOci);
    EXPECT_EQ(archive.destination, "out/image.tar");
    EXPECT_TRUE(archive.tar);
    EXPECT_FALSE(parse_output("type=oci,tar=false,dest=d").tar);
    EXPECT_EQ(parse_output("type=tar,dest=d").type, OutputRequest::Type::kTar);
    EXPECT_EQ(parse_output("dir").type, OutputRequest::Type::kLocal);
}

TEST(Output, RefusesWhatItDoesNotKnow)
{
    for (const char* text : {"type=oci",
                             "dest=x",
                             "type=docker,dest=x",
                             "type=ocl,dest=x",
                             "type=oci,dest=x,compression=zstd",
                             "type=oci,dest=x,tar=maybe",
                             "type=oci,dest"})
        EXPECT_THROW((void)parse_output(text), Error) << text;
}

TEST(Bind, TakesItsDestinationFromTheLastAbsolutePath)
{
    const BindRequest plain = parse_bind("src:/dst");
    EXPECT_EQ(plain.source, "src");
    EXPECT_EQ(plain.destination, "/dst");
    EXPECT_FALSE(plain.writable);
    EXPECT_TRUE(parse_bind("src:/dst:rw").writable);
    EXPECT_FALSE(parse_bind("src:/dst:ro").writable);
    EXPECT_EQ(parse_bind("/a:b:/dst").source, "/a:b");
    EXPECT_EQ(parse_bind("src:/a//b/../c/").destination, "/a/c");
}

TEST(Bind, RefusesADestinationThatIsNoneOrTheCellsOwn)
{
    for (const char* text : {"",
                             "/src",
                             ":/dst",
                             "src:dst",
                             "src:/",
                             "src:/..",
                             "src:/proc",
                             "src:/proc/sys",
                             "src:/a/../dev/shm",
                             "src:/dst:wr"})
        EXPECT_THROW((void)parse_bind(text), Error) << text;
}

TEST(Duration, IsInSecondsUnlessItSaysSo)
{
    using namespace std::chrono_literals;
    EXPECT_EQ(parse_duration("90"), 90s);
    EXPECT_EQ(parse_duration("1.5"), 1500ms);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("90s"), 90s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("2h"), 2h);
}

TEST(Duration, RefusesWhatIsNone)
{
    for (const char* text : {"",
                             "s",
                             "0",
                             "0.0001",
                             "-1",
                             "1d",
                             "1 s",
                             "1.2.3",
                             "1e3",
                             "inf",
                             "9e99",
                             "99999999999999999999h"})
        EXPECT_THROW((void)parse_duration(text), Error) << text;
}

} // namespace
} // namespace caisson::runner

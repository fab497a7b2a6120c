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

} // namespace
} // namespace caisson::runner

// What bad input gets: a clear error, the promised exit code, nothing half-written.
#include "tests/support/paths.hh"
#include "tests/support/workspace.hh"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Refusal {
    const char* name;
    const char* dockerfile;
    std::vector<std::string> options;
    int exit;
    const char* says;
};

class BadInput : public ::testing::TestWithParam<Refusal> {};

TEST_P(BadInput, IsRefusedWithItsCodeAndItsReason)
{
    const Workspace work;
    work.write("a", "1");
    std::filesystem::create_symlink("/etc/passwd", work.context() / "link-out");
    const Refusal& refusal = GetParam();

    std::vector<std::string> options = refusal.options;
    options.insert(options.end(),
                   {"-t", "never:1", "-o", "type=oci,dest=" + work.path("never.tar").native()});
    const Ran built = work.build(refusal.dockerfile, options);

    EXPECT_EQ(built.exit, refusal.exit) << built.err;
    EXPECT_THAT(built.err, HasSubstr(refusal.says));
    EXPECT_FALSE(std::filesystem::exists(work.path("never.tar")));
    EXPECT_FALSE(std::filesystem::exists(work.path("never.tar.sigstore.json")));
    EXPECT_THAT(work.caisson({"image", "list"}).out, Not(HasSubstr("never")));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadInput,
    ::testing::Values(
        Refusal{"UnknownInstruction",
                "FROM scratch\nRNU true\n",
                {},
                2,
                "Dockerfile:2: unknown instruction \"RNU\""},
        Refusal{"UnknownFlag",
                "FROM scratch\nCOPY --chwon=1 a /\n",
                {},
                2,
                "Dockerfile:2: unknown option COPY --chwon (hint: did you mean --chown?)\n"
                "  COPY --chwon=1 a /\n"
                "       ^"},
        Refusal{"FlagOfALaterTime",
                "FROM scratch\nRUN --mount=type=cache,target=/x true\n",
                {},
                2,
                "--mount"},
        Refusal{"UnknownStage", "FROM scratch\nCOPY --from=9x /a /\n", {}, 6, "9x"},
        Refusal{"UnknownTarget",
                "FROM scratch AS a\nCOPY a /\n",
                {"--target", "b"},
                2,
                "target stage \"b\""},
        Refusal{"MissingSource", "FROM scratch\nCOPY missing /\n", {}, 6, "missing"},
        Refusal{"SourceOutside",
                "FROM scratch\nCOPY ../a /\n",
                {},
                6,
                "leads out of the build context"},
        Refusal{"LinkLeadingOut", "FROM scratch\nCOPY link-out/ /\n", {}, 6, "link-out"},
        Refusal{"EmptyDockerfile", "", {}, 2, "Dockerfile"},
        Refusal{"NotUtf8", "FROM scratch\nLABEL a=\xff\n", {}, 2, "UTF-8"},
        Refusal{"UnknownPolicy", "FROM scratch\n", {"--policy", "nosuch"}, 2, "nosuch"},
        Refusal{"UnknownOutput", "FROM scratch\n", {"-o", "type=ocl,dest=x"}, 2, "ocl"},
        Refusal{"UnknownOption", "FROM scratch\n", {"--buildarg", "a=b"}, 2, "buildarg"},
        Refusal{"NoSuchKey",
                "FROM scratch\n",
                {"--key", "/nonexistent/key.pem"},
                6,
                "/nonexistent/key.pem"},
        Refusal{"BaseLayoutMissing",
                "FROM base\n",
                {"--build-context", "base=oci-layout:///nonexistent"},
                6,
                "/nonexistent"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(BadInput, PolicyWithAnUnknownKeyIsToldWithItsLine)
{
    const Workspace work;
    std::ofstream(work.path("p.json")) << "{\n  \"name\": \"p\",\n  \"limts\": {}\n}\n";

    const Ran built = work.build("FROM scratch\n", {"--policy", work.path("p.json")});

    EXPECT_EQ(built.exit, 2);
    EXPECT_THAT(built.err, HasSubstr("line 3"));
    EXPECT_THAT(built.err, HasSubstr("limts"));
}

TEST(BadInput, IgnoreFileThatIsALinkOrAFifoIsNotRead)
{
    const Workspace work;
    std::filesystem::create_symlink("/etc/passwd", work.context() / ".dockerignore");
    EXPECT_EQ(work.build("FROM scratch\n").exit, 6);

    std::filesystem::remove(work.context() / ".dockerignore");
    ASSERT_EQ(::mkfifo((work.context() / ".dockerignore").c_str(), 0600), 0);
    const Ran built = work.build("FROM scratch\n");
    EXPECT_EQ(built.exit, 6);
    EXPECT_THAT(built.err, HasSubstr("not a regular file"));
}

TEST(BadInput, UnreadableFileStopsTheBuild)
{
    if (::geteuid() == 0) GTEST_SKIP() << "root reads every file";
    const Workspace work;
    work.write("secret", "x", 0);

    const Ran built = work.build("FROM scratch\nCOPY . /\n");

    EXPECT_EQ(built.exit, 6);
    EXPECT_THAT(built.err, HasSubstr("secret"));
}

TEST(BadInput, ContextOfNoFilesAndNamesOfAnyBytesBuild)
{
    const Workspace work;
    std::ofstream(work.path("Dockerfile")) << "FROM scratch\nCOPY . /\n";
    EXPECT_EQ(work.caisson({"build", "-f", work.path("Dockerfile"), work.context()}).exit, 0);

    work.write("\xff\xfe new\nline", "x");
    const Ran built = work.caisson({"build",
                                    "-f",
                                    work.path("Dockerfile"),
                                    "-o",
                                    "type=local,dest=" + work.path("out").native(),
                                    work.context()});
    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_TRUE(std::filesystem::exists(work.path("out") / "\xff\xfe new\nline"));
}

TEST(BadInput, ReadOnlyStoreIsToldAsSuch)
{
    if (::geteuid() == 0) GTEST_SKIP() << "root writes to every directory";
    Workspace work;
    std::filesystem::create_directory(work.path("ro"));
    std::filesystem::permissions(work.path("ro"), static_cast<std::filesystem::perms>(0500));
    work.use_store("ro/store");

    const Ran built = work.build("FROM scratch\n");

    EXPECT_EQ(built.exit, 6);
    EXPECT_THAT(built.err, HasSubstr("ro/store"));
    std::filesystem::permissions(work.path("ro"), static_cast<std::filesystem::perms>(0700));
    work.use_store("store");
}

} // namespace
} // namespace caisson::testing

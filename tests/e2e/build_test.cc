// Builds through the real programs, from a Dockerfile to an image that is looked at by others.
#include "tests/support/workspace.hh"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json json_file(const std::filesystem::path& path)
{
    return nlohmann::json::parse(read_file(path, 1U << 24U));
}

std::string digest_of_build(const Workspace& work,
                            const std::string& dockerfile,
                            std::vector<std::string> options = {})
{
    options.insert(options.end(), {"--iidfile", work.path("iid")});
    const Ran built = work.build(dockerfile, options);
    EXPECT_EQ(built.exit, 0) << built.err;
    return built.exit == 0 ? read_file(work.path("iid"), 100) : "";
}

TEST(Build, CompilesInOneStageAndShipsInAnother)
{
    const Workspace work;
    work.add_busybox();
    work.write("greeting", "hello from a cell\n");
    const std::string dockerfile =
        Workspace::busybox_root() +
        "COPY greeting /src/\nRUN cat /src/greeting > /out.txt\n"
        "FROM scratch\nCOPY --from=0 /out.txt /greeting.txt\nCMD [\"/greeting.txt\"]\n";

    const Ran built = work.build(
        dockerfile, {"-t", "hello:1", "-o", "type=tar,dest=" + work.path("root.tar").native()});

    ASSERT_EQ(built.exit, 0) << built.err;
    EXPECT_EQ(run("/bin/tar", {"-xOf", work.path("root.tar"), "greeting.txt"}).out,
              "hello from a cell\n");
    EXPECT_TRUE(std::filesystem::exists(work.path("root.tar.sigstore.json")));
}

TEST(Build, AlonePutsTheImageIntoTheStoreUnderItsTag)
{
    const Workspace work;
    work.write("a", "1");

    ASSERT_EQ(work.build("FROM scratch\nCOPY a /\n", {"-t", "app:1.4"}).exit, 0);

    EXPECT_THAT(work.caisson({"image", "list"}).out, HasSubstr("app:1.4"));
    EXPECT_THAT(work.caisson({"image", "inspect", "app:1.4"}).out, HasSubstr("sha256:"));
    EXPECT_EQ(
        work.caisson({"image", "copy", "app:1.4", "oci:" + work.path("layout").native() + ":1.4"})
            .exit,
        0);
    EXPECT_TRUE(std::filesystem::exists(work.path("layout/index.json")));
    EXPECT_EQ(work.caisson({"image", "rm", "app:1.4"}).exit, 0);
    EXPECT_THAT(work.caisson({"image", "list"}).out, Not(HasSubstr("app:1.4")));
}

TEST(Build, SecondOneComesFromTheCacheWithTheEvidenceOfTheFirst)
{
    const Workspace work;
    work.add_busybox();
    const std::string dockerfile = Workspace::busybox_root() + "RUN echo made > /file\n";
    const std::string first =
        digest_of_build(work, dockerfile, {"--provenance", work.path("one.json")});

    const Ran built = work.build(
        dockerfile, {"--iidfile", work.path("iid"), "--metadata-file", work.path("meta.json")});

    ASSERT_EQ(built.exit, 0) << built.err;
    EXPECT_EQ(read_file(work.path("iid"), 100), first);
    for (const auto& step : json_file(work.path("meta.json"))["caisson.steps"])
        EXPECT_TRUE(step["cached"]) << step;
}

TEST(Build, SameInputsGiveTheSameBytesWhateverTheDayTheStoreOrTheTimes)
{
    Workspace work;
    work.add_busybox();
    work.write("dir/a", "1");
    const std::string dockerfile = Workspace::busybox_root() +
                                   "COPY dir /dir\nRUN mkdir /new && echo x > /new/file && ln "
                                   "/new/file /new/hard && ln -s file /new/soft\n";
    const std::string first = digest_of_build(work, dockerfile);

    std::filesystem::last_write_time(work.context() / "dir/a",
                                     std::filesystem::file_time_type::clock::now() -
                                         std::chrono::hours(999));
    work.use_store("another-store");
    const std::string second = digest_of_build(work, dockerfile);

    EXPECT_EQ(first, second);
    EXPECT_EQ(digest_of_build(work, dockerfile, {"--no-cache"}), first);
    EXPECT_NE(digest_of_build(work, dockerfile, {"--source-date-epoch", "1700000000"}), first);
}

TEST(Build, StepSeesOnlyTheEnvironmentThatIsDeclared)
{
    const Workspace work;
    work.add_busybox();

    const Ran built = work.build(
        Workspace::busybox_root() + "ARG GIVEN\nENV SET=1\nRUN env | sort > /env.txt\nFROM "
                                    "scratch\nCOPY --from=0 /env.txt /\n",
        {"--build-arg", "GIVEN=2", "-o", "type=local,dest=" + work.path("out").native()});

    ASSERT_EQ(built.exit, 0) << built.err;
    const std::string environment = read_file(work.path("out/env.txt"), 4096);
    EXPECT_THAT(environment, HasSubstr("SET=1\n"));
    EXPECT_THAT(environment, HasSubstr("GIVEN=2\n"));
    EXPECT_THAT(environment, Not(HasSubstr("LEAKED_INTO_THE_BUILD")));
}

TEST(Build, FailingStepShowsItsLastLinesAndKeepsItsCode)
{
    const Workspace work;
    work.add_busybox();

    const Ran built = work.build(
        Workspace::busybox_root() + "RUN echo before the end; exit 7\n",
        {"-t", "never:1", "--metadata-file", work.path("meta.json"), "--progress", "quiet"});

    EXPECT_EQ(built.exit, 1);
    EXPECT_THAT(built.err, HasSubstr("exit code 7"));
    EXPECT_THAT(built.err, HasSubstr("before the end"));
    EXPECT_EQ(json_file(work.path("meta.json"))["caisson.steps"].back()["exit"], 7);
    EXPECT_THAT(work.caisson({"image", "list"}).out, Not(HasSubstr("never")));
}

TEST(Build, HasNoNetworkAndSaysSo)
{
    const Workspace work;
    work.add_busybox();

    const Ran built = work.build(Workspace::busybox_root() + "RUN nc -w 2 192.0.2.1 80\n");

    EXPECT_EQ(built.exit, 1);
    EXPECT_THAT(built.err, HasSubstr("Network is unreachable"));
    EXPECT_THAT(built.err, HasSubstr("no network but loopback"));
}

TEST(Build, IsVerifiedAndATamperedOneIsNot)
{
    const Workspace work;
    work.write("a", "1");
    ASSERT_EQ(
        work.build(
                "FROM scratch\nCOPY a /\n",
                {"-t", "app:1", "--provenance", work.path("p.json"), "--iidfile", work.path("iid")})
            .exit,
        0);
    const std::string digest = read_file(work.path("iid"), 100);
    const std::string key = work.path("key.pem.pub");

    EXPECT_EQ(work.caisson({"verify", "--key", key, "app:1"}).exit, 0);
    EXPECT_EQ(work.caisson({"verify", "--key", key, "--bundle", work.path("p.json"), digest}).exit,
              0);
    EXPECT_EQ(work.caisson({"verify",
                            "--key",
                            key,
                            "--bundle",
                            work.path("p.json"),
                            "sha256:" + std::string(64, '0')})
                  .exit,
              4);
    EXPECT_THAT(work.caisson({"inspect", work.path("p.json")}).out, HasSubstr(digest.substr(7)));
}

} // namespace
} // namespace caisson::testing

// The Dockerfile language end to end: what each instruction leaves in the image.
#include "tests/support/workspace.hh"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Instructions : public ::testing::Test {
protected:
    void SetUp() override { work.add_busybox(); }

    /// Builds on a root with busybox and returns what the last RUN printed, lines without their
    /// prefix.
    std::string printed(const std::string& rest, std::vector<std::string> options = {})
    {
        const Ran built = work.build(Workspace::busybox_root() + rest, std::move(options));
        EXPECT_EQ(built.exit, 0) << built.err;
        return built.err;
    }

    Workspace work;
};

TEST_F(Instructions, AddUnpacksArchivesAndCopiesTheRest)
{
    work.write("in/one", "1\n");
    ASSERT_EQ(
        run("/bin/tar", {"-C", work.context(), "-czf", work.context() / "a.tar.gz", "in"}).exit, 0);
    work.write("plain.txt", "not an archive\n");

    const std::string out =
        printed("ADD a.tar.gz plain.txt /dst/\nRUN cat /dst/in/one /dst/plain.txt; ls /dst\n");

    EXPECT_THAT(out, HasSubstr(" 1\n"));
    EXPECT_THAT(out, HasSubstr("not an archive"));
    EXPECT_THAT(out, ::testing::Not(HasSubstr("a.tar.gz\n#")));
}

TEST_F(Instructions, CopyKnowsOwnersModesLinksAndDirectories)
{
    work.write("dir/sub/file", "x");
    work.write("tool", "#!/bin/sh\n", 0755);
    fs::create_symlink("sub/file", work.context() / "dir/link");

    const std::string out =
        printed("RUN mkdir /etc && echo 'app:x:7:8::/home/app:/bin/sh' > /etc/passwd && echo "
                "'staff:x:9:' > /etc/group\n"
                "COPY --chown=app:staff --chmod=640 dir /d\nCOPY tool /bin/\nCOPY tool /renamed\n"
                "RUN stat -c '%n %u:%g %a' /d/sub/file /bin/tool /renamed; readlink /d/link\n");

    EXPECT_THAT(out, HasSubstr("/d/sub/file 7:9 640"));
    EXPECT_THAT(out, HasSubstr("/bin/tool 0:0 755"));
    EXPECT_THAT(out, HasSubstr("/renamed 0:0 755"));
    EXPECT_THAT(out, HasSubstr(" sub/file\n"));
}

TEST_F(Instructions, RunTakesEveryForm)
{
    const std::string out = printed("SHELL [\"/bin/sh\", \"-ec\"]\nRUN echo shell form\nRUN "
                                    "[\"/bin/echo\", \"exec form\"]\nRUN <<EOF\necho heredoc one\n"
                                    "echo heredoc two\nEOF\nRUN <<'EOF' cat\nread by cat "
                                    "$HOME\nEOF\nRUN <<EOF\n#!/bin/cat\nthe script itself\nEOF\n");

    for (const char* line : {"shell form",
                             "exec form",
                             "heredoc one",
                             "heredoc two",
                             "read by cat $HOME",
                             "the script itself"})
        EXPECT_THAT(out, HasSubstr(line));
}

TEST_F(Instructions, CopyHeredocsBecomeFiles)
{
    const std::string out = printed("ARG who=world\nCOPY <<one <<'two' /h/\nhello $who\none\nhello "
                                    "$who\ntwo\nRUN cat /h/one /h/two\n");

    EXPECT_THAT(out, HasSubstr("hello world"));
    EXPECT_THAT(out, HasSubstr("hello $who"));
}

TEST_F(Instructions, UserAndWorkdirHoldForSteps)
{
    const std::string out =
        printed("RUN mkdir /etc && echo 'app:x:7:8::/home/app:/bin/sh' > /etc/passwd\nWORKDIR "
                "/srv\nWORKDIR deep\nUSER app\n"
                "RUN id -u; pwd; echo $HOME; touch /srv/deep/x || echo may not write\n");

    EXPECT_THAT(out, HasSubstr(" 7\n"));
    EXPECT_THAT(out, HasSubstr("/srv/deep"));
    EXPECT_THAT(out, HasSubstr("/home/app"));
    EXPECT_THAT(out, HasSubstr("may not write"));
}

TEST_F(Instructions, IgnoreFileKeepsFilesOut)
{
    work.write(".dockerignore", "secret*\n!secret.txt\nDockerfile\nbusybox\n!busybox\n");
    work.write("secret.key", "s");
    work.write("secret.txt", "t");

    const std::string out = printed("COPY . /c\nRUN ls -a /c | sort\n");

    EXPECT_THAT(out, HasSubstr("secret.txt"));
    EXPECT_THAT(out, ::testing::Not(HasSubstr("secret.key")));
}

TEST_F(Instructions, BaseFromALayoutKeepsItsLayersByteForByteAndItsTriggersRun)
{
    const fs::path layout = work.path("layout");
    ASSERT_EQ(work.build(Workspace::busybox_root() +
                             "ENV FROM_BASE=1\nONBUILD RUN echo triggered > /triggered\n",
                         {"-t", "base:1", "-o", "type=oci,tar=false,dest=" + layout.native()})
                  .exit,
              0);
    const auto layers_of = [](const fs::path& directory) {
        const auto index = nlohmann::json::parse(read_file(directory / "index.json", 1U << 20U));
        const std::string digest = index["manifests"][0]["digest"];
        return nlohmann::json::parse(
            read_file(directory / "blobs/sha256" / digest.substr(7), 1U << 20U))["layers"];
    };

    const Ran built = work.build("FROM base\nRUN cat /triggered; echo $FROM_BASE\n",
                                 {"--build-context",
                                  "base=oci-layout://" + layout.native() + ":1",
                                  "-o",
                                  "type=oci,tar=false,dest=" + work.path("child").native()});

    ASSERT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(built.err, HasSubstr("triggered"));
    const auto base = layers_of(layout);
    const auto child = layers_of(work.path("child"));
    ASSERT_GT(child.size(), base.size());
    for (std::size_t index = 0; index < base.size(); ++index)
        EXPECT_EQ(child[index], base[index]);
}

TEST_F(Instructions, OutputsAreWhatTheirTypesSay)
{
    work.write("file", "x");
    const std::string dockerfile = "FROM scratch\nCOPY file /a/file\n";

    ASSERT_EQ(work.build(dockerfile,
                         {"-o",
                          "type=tar,dest=" + work.path("t.tar").native(),
                          "-o",
                          "type=local,dest=" + work.path("l").native()})
                  .exit,
              0);

    EXPECT_THAT(run("/bin/tar", {"-tf", work.path("t.tar")}).out, HasSubstr("a/file"));
    EXPECT_EQ(read_file(work.path("l/a/file"), 10), "x");
    EXPECT_TRUE(fs::exists(work.path("l.sigstore.json")));
    const Ran again = work.build(dockerfile, {"-o", "type=local,dest=" + work.path("l").native()});
    EXPECT_EQ(again.exit, 6);
    EXPECT_THAT(again.err, HasSubstr("not empty"));
}

/// Capabilities, extended attributes and hard links survive from step to layer to the next build's
/// tree.
TEST_F(Instructions, HardLinksAndDeletionsSurviveLayers)
{
    const std::string out = printed("RUN mkdir /d && echo x > /d/a && ln /d/a /d/b && echo gone > "
                                    "/d/gone\nRUN rm /d/gone\nFROM scratch\nCOPY --from=0 / /\n"
                                    "RUN stat -c '%h' /d/a; ls /d\n");

    EXPECT_THAT(out, HasSubstr(" 2\n"));
    EXPECT_THAT(out, ::testing::Not(HasSubstr(" gone\n")));
}

} // namespace
} // namespace caisson::testing

// The story: an image, a context or a stage has a link where a file or a directory is expected, and
// whoever copies, makes directories or changes times follows it out of the tree, as root.
// CVE-2024-1753, CVE-2024-9407, CVE-2024-23652, CVE-2026-87766, GHSA-vp62-88p7-qqf5 (docker cp),
// Nix CVE-2024-27297.
//
// The attacker: a Dockerfile whose stage holds absolute and relative links to a directory of the
// host. The assertion: links lead within the tree; nothing outside is read, made, or touched.
#include "tests/escape/outside.hh"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class EscapeByLinks : public ::testing::Test {
protected:
    void SetUp() override
    {
        work.add_busybox();
        work.write("evil", "evil\n");
        fs::create_directory(naive);
        fs::create_directory_symlink(outside.path(), naive / "link");
    }

    /// The lines that leave links to the host's directory in the tree, by absolute path and by
    /// `..`.
    [[nodiscard]] std::string tree_with_links() const
    {
        const std::string target = outside.path();
        return Workspace::busybox_root() + "RUN mkdir /d && ln -s " + target + " /link && ln -s " +
               "../../../../../../../../../.." + target + " /d/up && ln -s " + target +
               "/secret /file\n";
    }

    [[nodiscard]] Ran build(const std::string& rest) const
    {
        return work.build(tree_with_links() + rest,
                          {"-o", "type=tar,dest=" + work.path("out.tar").native()});
    }

    /// All bytes of the built image.
    [[nodiscard]] std::string image() const
    {
        return shell("cat '" + work.path("out.tar").native() + "'").out;
    }

    Workspace work;
    Outside outside{work};
    fs::path naive = work.path("naive"); ///< what a tool sees that knows no root
};

TEST_F(EscapeByLinks, CopyWritesThroughNone)
{
    ASSERT_EQ(shell("cp '" + (work.context() / "evil").native() + "' '" +
                    (naive / "link/evil").native() + "'")
                  .exit,
              0);
    ASSERT_FALSE(outside.is_untouched()) << "it proves nothing";
    outside.restore();

    for (const char* destination : {"/link/evil", "/d/up/evil", "/link/", "/file"}) {
        const Ran built = build(std::string("COPY evil ") + destination + "\n");
        EXPECT_TRUE(outside.is_untouched()) << destination << built.err;
    }
}

TEST_F(EscapeByLinks, CopyReadsThroughNone)
{
    ASSERT_THAT(shell("cat '" + (naive / "link/secret").native() + "'").out,
                HasSubstr(Outside::kSecret))
        << "it proves nothing";

    for (const char* source : {"/link/secret", "/d/up/secret", "/file", "/link", "/link/."}) {
        const Ran built =
            build(std::string("FROM scratch\nCOPY --from=0 ") + source + " /stolen\n");
        if (built.exit == 0) {
            EXPECT_THAT(image(), Not(HasSubstr(Outside::kSecret))) << source;
        }
        EXPECT_THAT(built.err, Not(HasSubstr(Outside::kSecret)));
    }
}

TEST_F(EscapeByLinks, ContextLeadsNowhereElse)
{
    fs::create_directory_symlink(outside.path(), work.context() / "link");
    fs::create_symlink(outside.path("secret"), work.context() / "file");
    fs::create_symlink("../outside/secret", work.context() / "up");
    ASSERT_THAT(shell("cat '" + (work.context() / "up").native() + "'").out,
                HasSubstr(Outside::kSecret));

    for (const char* source :
         {"link", "link/secret", "file", "up", ".", "l*/s*", "../outside/secret"}) {
        const Ran built = work.build(std::string("FROM scratch\nCOPY ") + source + " /stolen/\n",
                                     {"-o", "type=tar,dest=" + work.path("out.tar").native()});
        if (built.exit == 0) {
            EXPECT_THAT(image(), Not(HasSubstr(Outside::kSecret))) << source;
        }
    }
}

TEST_F(EscapeByLinks, DockerfileOfTheContextIsNoLinkOut)
{
    // what cannot be read as a Dockerfile is quoted in the error, and that is in a public log
    fs::create_directory(work.context() / "docker");
    fs::create_symlink(outside.path("secret"), work.context() / "Dockerfile");
    fs::create_symlink("../../outside/secret", work.context() / "docker/Dockerfile");
    const fs::path beside = work.path("beside");
    fs::create_symlink(outside.path("secret"), beside);
    ASSERT_THAT(work.caisson({"build", "-f", beside, work.context()}).err,
                HasSubstr(Outside::kSecret))
        << "the caller's own choice, which shows what would be quoted";

    for (const std::vector<std::string>& options :
         {std::vector<std::string>{}, {"-f", work.context() / "docker/Dockerfile"}}) {
        std::vector<std::string> arguments = {"build"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        arguments.push_back(work.context());
        const Ran built = work.caisson(arguments);

        EXPECT_EQ(built.exit, 6);
        EXPECT_THAT(built.err, Not(HasSubstr(Outside::kSecret)));
        EXPECT_THAT(built.err, HasSubstr("leads out of the context"));
    }
}

TEST_F(EscapeByLinks, DockerfileMayBeALinkWithinTheContext)
{
    work.write("docker/real", "FROM scratch\nCOPY evil /\n");
    fs::create_symlink("docker/real", work.context() / "Dockerfile");

    EXPECT_EQ(work.caisson({"build", work.context()}).exit, 0);
}

TEST_F(EscapeByLinks, WorkdirMakesNoDirectoryOutside)
{
    ASSERT_EQ(shell("mkdir -p '" + (naive / "link/made").native() + "'").exit, 0);
    ASSERT_FALSE(outside.is_untouched());
    outside.restore();

    for (const char* directory : {"/link/made", "/d/up/made/deep", "/link/../made"}) {
        const Ran built = build(std::string("WORKDIR ") + directory + "\nRUN touch here\n");
        EXPECT_TRUE(outside.is_untouched()) << directory << built.err;
    }
}

TEST_F(EscapeByLinks, StepItselfSeesOnlyItsOwnTreeBehindThem)
{
    const Ran built = build("RUN cat /link/secret /d/up/secret /file; rm -rf /link/ /d/up/; "
                            "mkdir -p /link; echo evil > /link/canary; true\n");

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_THAT(image(), Not(HasSubstr(Outside::kSecret)));
    EXPECT_TRUE(outside.is_untouched());
}

TEST_F(EscapeByLinks, ExportFollowsNone)
{
    // the attack on whoever writes the tree out: mode, owner and time of a link's target
    ASSERT_EQ(shell("chmod 0777 '" + (naive / "link/canary").native() + "' && touch '" +
                    (naive / "link").native() + "/canary'")
                  .exit,
              0);
    ASSERT_FALSE(outside.is_untouched());
    outside.restore();
    const fs::path exported = work.path("exported");

    const Ran built = work.build(tree_with_links(), {"-o", "type=local,dest=" + exported.native()});

    ASSERT_EQ(built.exit, 0) << built.err;
    EXPECT_TRUE(fs::is_symlink(exported / "link"));
    EXPECT_TRUE(outside.is_untouched());
}

TEST_F(EscapeByLinks, RemovalOfTheStoreFollowsNone)
{
    ASSERT_EQ(build("RUN true\n").exit, 0);

    EXPECT_EQ(work.caisson({"store", "prune", "--all"}).exit, 0);

    EXPECT_TRUE(outside.is_untouched());
}

} // namespace
} // namespace caisson::testing

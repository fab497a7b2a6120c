#include "sandbox/base/error.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TarBuilder;

/// A tree that COPY and ADD write into.
class Receive : public ::testing::Test {
protected:
    TreeStats receive(const ReceiveOptions& options, const std::string& bytes)
    {
        const UniqueFd input = testing::file_with(bytes);
        const UniqueFd directory = open_file(root(), O_RDONLY | O_DIRECTORY);
        return receive_files(directory.get(), options, input.get());
    }

    std::string refusal_of(const ReceiveOptions& options, const std::string& bytes)
    {
        try {
            receive(options, bytes);
            return "";
        } catch (const Error& error) {
            return error.what();
        }
    }

    [[nodiscard]] fs::path root() const { return directory_.path(); }

    std::vector<std::string> paths()
    {
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(root()))
            found.push_back(entry.path().lexically_relative(root()));
        std::sort(found.begin(), found.end());
        return found;
    }

    struct stat status_of(const std::string& path)
    {
        struct stat status = {};
        EXPECT_EQ(::lstat((root() / path).c_str(), &status), 0) << path;
        return status;
    }

    void write(const std::string& path, const std::string& content)
    {
        fs::create_directories((root() / path).parent_path());
        std::ofstream(root() / path) << content;
    }

    std::string content(const std::string& path) { return testing::content_of(root() / path); }

private:
    TempDirectory directory_{fs::temp_directory_path(), "caisson-receive-"};
};

const std::string kFile = TarBuilder().file("a.txt", "hello").finish();
const std::string kDirectory =
    TarBuilder().directory("./", 0700).file("x", "1").directory("sub", 0711).file("sub/y").finish();

TEST_F(Receive, WritesAFileAtItsDestination)
{
    receive({.destination = "/b.txt"}, kFile);

    EXPECT_EQ(content("b.txt"), "hello");
}

TEST_F(Receive, WritesAFileBelowADirectoryThatIsThere)
{
    fs::create_directory(root() / "etc");

    receive({.destination = "/etc"}, kFile);

    EXPECT_EQ(content("etc/a.txt"), "hello");
}

TEST_F(Receive, MakesTheDirectoryThatTheDestinationNames)
{
    receive({.destination = "/opt/app/", .directory = true}, kFile);

    EXPECT_THAT(paths(), ElementsAre("opt", "opt/app", "opt/app/a.txt"));
    EXPECT_EQ(status_of("opt").st_mode & 07777U, 0755U);
    EXPECT_EQ(status_of("opt/app").st_mode & 07777U, 0755U);
}

TEST_F(Receive, WritesADirectorysContentsNotItself)
{
    receive({.destination = "/app"}, kDirectory);

    EXPECT_THAT(paths(), ElementsAre("app", "app/sub", "app/sub/y", "app/x"));
    EXPECT_EQ(status_of("app").st_mode & 07777U, 0700U) << "made for it: takes the source's mode";
    EXPECT_EQ(status_of("app/sub").st_mode & 07777U, 0711U);
}

TEST_F(Receive, LeavesTheDestinationsOwnModeButNotThatOfDirectoriesInIt)
{
    fs::create_directories(root() / "app/sub");
    ::chmod((root() / "app").c_str(), 01777);

    receive({.destination = "/app"}, kDirectory);

    EXPECT_EQ(status_of("app").st_mode & 07777U, 01777U);
    EXPECT_EQ(status_of("app/sub").st_mode & 07777U, 0711U);
}

TEST_F(Receive, MakesTheDestinationForAnEmptyStream)
{
    receive({.destination = "/srv/dir", .owner = "7:8"}, TarBuilder().finish());
    receive({.destination = "/other"}, "");

    EXPECT_THAT(paths(), ElementsAre("other", "srv", "srv/dir"));
    EXPECT_EQ(status_of("srv/dir").st_uid, 7U);
    EXPECT_EQ(status_of("srv/dir").st_gid, 8U);
}

TEST_F(Receive, FollowsLinksInTheDestinationInsideTheTree)
{
    fs::create_directory(root() / "data");
    fs::create_symlink("/data", root() / "absolute");
    fs::create_symlink("../../../../data", root() / "climbing");

    receive({.destination = "/absolute/in/"}, kDirectory);
    receive({.destination = "/climbing"}, kFile);

    EXPECT_TRUE(fs::is_regular_file(root() / "data/in/x"));
    EXPECT_TRUE(fs::is_regular_file(root() / "data/a.txt"));
}

TEST_F(Receive, MakesWhatADanglingLinkLeadsTo)
{
    fs::create_symlink("/run/later", root() / "l");

    receive({.destination = "/l/"}, kDirectory);

    EXPECT_TRUE(fs::is_regular_file(root() / "run/later/x"));
}

TEST_F(Receive, WritesThroughALinkThatIsTheDestination)
{
    write("target", "old");
    fs::create_symlink("target", root() / "l");

    receive({.destination = "/l"}, kFile);

    EXPECT_TRUE(fs::is_symlink(root() / "l"));
    EXPECT_EQ(content("target"), "hello");
}

TEST_F(Receive, ReplacesALinkThatLiesWhereAFileGoes)
{
    write("target", "old");
    fs::create_directory(root() / "d");
    fs::create_symlink("../target", root() / "d/a.txt");

    receive({.destination = "/d/"}, kFile);

    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(root() / "d/a.txt")));
    EXPECT_EQ(content("target"), "old");
}

TEST_F(Receive, ReplacesAFileWithoutTouchingItsOtherLinks)
{
    write("a.txt", "old");
    fs::create_hard_link(root() / "a.txt", root() / "other");

    receive({.destination = "/"}, kFile);

    EXPECT_EQ(content("a.txt"), "hello");
    EXPECT_EQ(content("other"), "old");
}

TEST_F(Receive, RefusesADirectoryOverAFileAndAFileOverADirectory)
{
    write("app/sub", "a file");
    EXPECT_THAT(refusal_of({.destination = "/app"}, kDirectory),
                HasSubstr("cannot copy a directory to \"app/sub\", which is none"));
    EXPECT_EQ(content("app/sub"), "a file");

    fs::create_directories(root() / "d/a.txt");
    EXPECT_THAT(refusal_of({.destination = "/d"}, kFile),
                HasSubstr("cannot replace the directory \"d/a.txt\""));
}

TEST_F(Receive, RefusesADirectoryOverALink)
{
    fs::create_directory(root() / "elsewhere");
    fs::create_directory(root() / "app");
    fs::create_symlink("/elsewhere", root() / "app/sub");

    EXPECT_THAT(refusal_of({.destination = "/app"}, kDirectory), HasSubstr("which is none"));
    EXPECT_TRUE(fs::is_empty(root() / "elsewhere"));
}

TEST_F(Receive, RefusesADirectoryAtAFilesPlace)
{
    write("app", "a file");

    EXPECT_THAT(refusal_of({.destination = "/app"}, kDirectory), HasSubstr("not a directory"));
    EXPECT_THAT(refusal_of({.destination = "/app/sub/"}, kDirectory), HasSubstr("not a directory"));
}

TEST_F(Receive, RefusesSeveralFilesForOneName)
{
    const std::string two = TarBuilder().file("a").file("b").finish();

    EXPECT_THAT(refusal_of({.destination = "/c"}, two), HasSubstr("need a directory"));
}

TEST_F(Receive, TakesSeveralSourcesForADirectory)
{
    const std::string mixed =
        TarBuilder().file("f").directory("./").file("x").directory("./").file("y").finish();

    receive({.destination = "/d/", .directory = true}, mixed);

    EXPECT_THAT(paths(), ElementsAre("d", "d/f", "d/x", "d/y"));
}

TEST_F(Receive, GivesEverythingItMakesTheOwner)
{
    write("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n");
    write("etc/group", "staff:x:50:\n");

    receive({.destination = "/new/app", .owner = "app:staff"}, kDirectory);
    receive({.destination = "/only-user", .owner = "app"}, kFile);

    for (const char* path : {"new", "new/app", "new/app/sub", "new/app/sub/y"}) {
        EXPECT_EQ(status_of(path).st_uid, 1000U) << path;
        EXPECT_EQ(status_of(path).st_gid, 50U) << path;
    }
    EXPECT_EQ(status_of("only-user").st_gid, 1000U) << "without a group: the user's number";
}

TEST_F(Receive, RefusesOwnersThatAreNotThere)
{
    EXPECT_THAT(refusal_of({.destination = "/x", .owner = "nobody"}, kFile),
                HasSubstr("unknown user \"nobody\""));
    EXPECT_THAT(refusal_of({.destination = "/x", .owner = "0:wheel"}, kFile),
                HasSubstr("unknown group \"wheel\""));
    EXPECT_THAT(refusal_of({.destination = "/x", .owner = "65536"}, kFile),
                HasSubstr("0 to 65535"));
    EXPECT_THAT(refusal_of({.destination = "/x", .owner = "0:"}, kFile),
                HasSubstr("unknown group"));
}

TEST_F(Receive, RefusesAListOfUsersThatIsATrap)
{
    const ReceiveOptions options{.destination = "/x", .owner = "app"};

    fs::create_directory(root() / "etc");
    ASSERT_EQ(::mkfifo((root() / "etc/passwd").c_str(), 0644), 0);
    EXPECT_THAT(refusal_of(options, kFile), HasSubstr("not a regular file"));

    fs::remove(root() / "etc/passwd");
    fs::create_symlink("/proc/self/environ", root() / "etc/passwd");
    EXPECT_THAT(refusal_of(options, kFile), HasSubstr("unknown user"));

    fs::remove(root() / "etc/passwd");
    std::ofstream(root() / "etc/passwd") << "";
    fs::resize_file(root() / "etc/passwd", 10ULL << 30);
    EXPECT_THAT(refusal_of(options, kFile), HasSubstr("larger than 1048576 bytes"));
}

TEST_F(Receive, UnpacksAnAddedArchiveAndReplacesWhatIsInTheWay)
{
    write("app/sub", "a file");
    write("app/x/deep", "a directory");

    const TreeStats stats =
        receive({.destination = "/app", .archive = true}, testing::gzipped(kDirectory));

    EXPECT_TRUE(stats.archive);
    EXPECT_THAT(paths(), ElementsAre("app", "app/sub", "app/sub/y", "app/x"));
}

TEST_F(Receive, TellsWhatIsNoArchiveAndWritesNothing)
{
    for (const std::string& bytes : {std::string("just text"),
                                     std::string(),
                                     std::string(100000, '\0'),
                                     testing::gzipped("just text"),
                                     std::string("\x1f\x8b\x08 damaged")})
        EXPECT_FALSE(receive({.destination = "/x", .archive = true}, bytes).archive);

    EXPECT_THAT(paths(), ElementsAre());
}

TEST_F(Receive, RefusesADamagedArchive)
{
    const std::string whole = TarBuilder().file("a").file("b").finish();

    EXPECT_THAT(refusal_of({.destination = "/x", .archive = true}, whole.substr(0, 1200)),
                HasSubstr("read the archive"));
}

TEST_F(Receive, KeepsAnAddedArchivesNamesInsideTheDestinationsTree)
{
    EXPECT_THAT(
        refusal_of({.destination = "/x", .archive = true}, TarBuilder().file("../../up").finish()),
        HasSubstr("leads out"));
    receive({.destination = "/x", .archive = true},
            TarBuilder().link("out", "/etc").file("out/passwd").finish());

    EXPECT_TRUE(fs::is_regular_file(root() / "etc/passwd"));
}

TEST_F(Receive, KeepsOwnersOfTheStream)
{
    receive({.destination = "/x"}, TarBuilder().add({.name = "f", .user = 5, .group = 6}).finish());

    EXPECT_EQ(status_of("x").st_uid, 5U);
    EXPECT_EQ(status_of("x").st_gid, 6U);
}

TEST(ExtractPlain, IgnoresOwnersAndSetIdBits)
{
    const TempDirectory directory(fs::temp_directory_path());
    const UniqueFd root = open_file(directory.path(), O_RDONLY | O_DIRECTORY);
    const UniqueFd input =
        testing::file_with(TarBuilder()
                               .directory("./", 0777)
                               .add({.name = "d", .type = '5', .mode = 0555})
                               .add({.name = "d/f", .content = "x", .mode = 04755, .user = 9})
                               .finish());

    extract_plain(root.get(), input.get());

    struct stat status = {};
    ASSERT_EQ(::stat((directory.path() / "d/f").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0755U);
    EXPECT_EQ(status.st_uid, 0U);
    ASSERT_EQ(::stat((directory.path() / "d").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0555U);
    ::chmod((directory.path() / "d").c_str(), 0755);
}

} // namespace
} // namespace caisson::sandbox

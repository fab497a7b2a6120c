#include "sandbox/base/error.hh"
#include "sandbox/base/program.hh"
#include "sandbox/chamber/capability_attribute.hh"
#include "sandbox/chamber/tar_stream.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TarBuilder;
using testing::TreeStore;

constexpr std::int64_t kEpoch = 1'500'000'000;

/// What GNU tar, which shares no code with us, reads in an archive.
std::vector<std::string> gnu_tar_lists(const std::string& archive)
{
    const UniqueFd input = testing::file_with(archive);
    std::istringstream text(run_program(
        {.path = "/usr/bin/tar",
         .arguments =
             {"--utc", "--numeric-owner", "--full-time", "--quoting-style=escape", "-tvf", "-"},
         .environment = {"LC_ALL=C"},
         .standard_input = input.get()}));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        // columns are aligned with runs of blanks
        line.erase(std::unique(line.begin(),
                               line.end(),
                               [](char one, char two) { return one == ' ' && two == ' '; }),
                   line.end());
        lines.push_back(line);
    }
    return lines;
}

class Pack : public ::testing::Test {
protected:
    std::string pack(const std::string& tree)
    {
        auto [answer, bytes] =
            store.work_out({.upper = tree, .raw = true}, [](int root, int output) {
                return std::to_string(pack_layer(root, kEpoch, output).entries);
            });
        EXPECT_TRUE(answer.contains("result")) << answer;
        return bytes;
    }

    void freeze(const std::string& tree)
    {
        const auto answer = store.work({.upper = tree, .raw = true}, "", [](int root, int) {
            return std::to_string(freeze_tree(root, kEpoch).entries);
        });
        EXPECT_TRUE(answer.contains("result")) << answer;
    }

    void unpack(const std::string& tree, const std::string& bytes)
    {
        (void)store.tree(tree);
        const auto answer =
            store.work({.upper = tree, .raw = true}, bytes, [](int root, int stream) {
                return std::to_string(unpack_layer(root, stream).entries);
            });
        EXPECT_TRUE(answer.contains("result")) << answer;
    }

    /// Something of every kind that a layer can hold.
    fs::path make_sample()
    {
        fs::path root = store.tree("sample");
        fs::create_directories(root / "usr/bin");
        std::ofstream(root / "usr/bin/tool") << "elf";
        fs::create_hard_link(root / "usr/bin/tool", root / "usr/bin/alias");
        fs::create_symlink("tool", root / "usr/bin/link");
        fs::create_symlink(std::string(150, 't'), root / "long-link");
        std::ofstream(root / std::string(150, 'n')) << "long name";
        std::ofstream(root / ("\xff\xfe" + std::string(120, 'b'))) << "long name of any bytes";
        std::ofstream(root / "\xff") << "any bytes";
        std::ofstream(root / "large") << std::string(3U << 20, 'l');
        write_file_atomically(root / "empty", "");
        EXPECT_EQ(::mkfifo((root / "fifo").c_str(), 0640), 0);
        EXPECT_EQ(::chown((root / "empty").c_str(), 33, 65535), 0);
        EXPECT_EQ(::chmod((root / "usr/bin/tool").c_str(), 04711), 0);
        EXPECT_EQ(::lchown((root / "long-link").c_str(), 1, 2), 0);
        const UniqueFd file = open_file(root / "empty", O_RDONLY);
        sys::fsetxattr(file.get(), "user.note", std::string("a\0=\n", 4));
        sys::fsetxattr(file.get(),
                       "security.capability",
                       std::string("\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
        sys::futimens(file.get(), {-5, 0});
        return root;
    }

    TreeStore store;
};

TEST_F(Pack, GivesTheSameBytesAfterARoundTrip)
{
    const fs::path sample = make_sample();
    freeze("sample");

    const std::string first = pack("sample");
    unpack("copy", first);
    freeze("copy");
    const std::string second = pack("copy");

    EXPECT_EQ(testing::listing_of(store.tree("copy")), testing::listing_of(sample));
    EXPECT_EQ(first.size(), second.size());
    EXPECT_TRUE(first == second) << "other bytes";
}

TEST_F(Pack, IsReadAlikeByGnuTar)
{
    const fs::path root = store.tree("t");
    fs::create_directory(root / "d");
    std::ofstream(root / "d/f") << "12345";
    fs::create_hard_link(root / "d/f", root / "d/g");
    fs::create_symlink("f", root / "d/l");
    std::ofstream(root / ("x" + std::string(120, 'y'))) << "";
    ASSERT_EQ(::chown((root / "d/f").c_str(), 7, 8), 0);

    EXPECT_THAT(gnu_tar_lists(pack("t")),
                ElementsAre("drwxr-xr-x 0/0 0 2017-07-14 02:40:00 d/",
                            "-rw-r--r-- 7/8 5 2017-07-14 02:40:00 d/f",
                            "hrw-r--r-- 7/8 0 2017-07-14 02:40:00 d/g link to d/f",
                            "lrwxrwxrwx 0/0 0 2017-07-14 02:40:00 d/l -> f",
                            "-rw-r--r-- 0/0 0 2017-07-14 02:40:00 x" + std::string(120, 'y')));
}

TEST_F(Pack, SortsByBytesAndPutsDirectoriesFirst)
{
    const fs::path root = store.tree("t");
    for (const char* directory : {"b", "a", "\xc3\xa9"})
        fs::create_directory(root / directory);
    for (const char* file : {"a/z", "a/Z", "a.txt", "b/\xff", "B"})
        std::ofstream(root / file) << "";

    std::vector<std::string> names;
    for (const std::string& line : gnu_tar_lists(pack("t")))
        names.push_back(line.substr(line.rfind(' ') + 1));

    EXPECT_THAT(names,
                ElementsAre("B", "a/", "a/Z", "a/z", "a.txt", "b/", "b/\\377", "\\303\\251/"));
}

TEST_F(Pack, WritesOverlaysMarksAsWhiteouts)
{
    const fs::path lower = store.tree("lower");
    fs::create_directories(lower / "replaced/old");
    std::ofstream(lower / "gone") << "x";
    (void)store.tree("upper");
    const auto answer = store.work({.lowers = {"lower"}, .upper = "upper"}, "", [](int root, int) {
        remove_tree(root, "gone");
        remove_tree(root, "replaced");
        sys::mkdirat(root, "replaced", 0755);
        return "0";
    });
    ASSERT_EQ(answer["result"], 0);

    EXPECT_THAT(gnu_tar_lists(pack("upper")),
                ElementsAre("---------- 0/0 0 2017-07-14 02:40:00 .wh.gone",
                            "drwxr-xr-x 0/0 0 2017-07-14 02:40:00 replaced/",
                            "---------- 0/0 0 2017-07-14 02:40:00 replaced/.wh..wh..opq"));
}

TEST_F(Pack, RefusesANameThatWouldBecomeAWhiteout)
{
    std::ofstream(store.tree("t") / ".wh.sneaky") << "";

    const auto [answer, bytes] =
        store.work_out({.upper = "t", .raw = true}, [](int root, int output) {
            return std::to_string(pack_layer(root, kEpoch, output).entries);
        });

    EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("\".wh.sneaky\" cannot"));
}

TEST_F(Pack, LeavesOutSocketsAndOverlaysOwnAttributes)
{
    const fs::path root = store.tree("t");
    fs::create_directory(root / "d");
    const UniqueFd directory = open_file(root / "d", O_RDONLY | O_DIRECTORY);
    sys::fsetxattr(directory.get(), "user.overlay.origin", "x");
    sys::fsetxattr(directory.get(), "user.overlay.opaque", "x"); // Linux 6.7: "look for xwhiteouts"
    const UniqueFd here = open_file(root, O_RDONLY | O_DIRECTORY);
    ASSERT_EQ(::mknodat(here.get(), "socket", S_IFSOCK | 0600, 0), 0);

    const std::string bytes = pack("t");

    EXPECT_THAT(gnu_tar_lists(bytes), ElementsAre(HasSubstr(" d/")));
    EXPECT_EQ(bytes.find("overlay"), std::string::npos);
}

TEST_F(Pack, ClampsTimesLikeFreezing)
{
    const fs::path root = store.tree("t");
    std::ofstream(root / "new") << "";
    std::ofstream(root / "old") << "";
    const UniqueFd here = open_file(root, O_RDONLY | O_DIRECTORY);
    sys::utimensat(here.get(), "old", {1000, 999'999'999});

    const std::string before = pack("t");
    freeze("t");

    EXPECT_TRUE(before == pack("t"));
    struct stat status = {};
    ASSERT_EQ(::stat((root / "old").c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, 1000);
    EXPECT_EQ(status.st_mtim.tv_nsec, 0);
    ASSERT_EQ(::stat((root / "new").c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, kEpoch);
    ASSERT_EQ(::stat(root.c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, kEpoch) << "of the root";
}

TEST_F(Pack, RefusesATreeDeeperThanALayerMayBe)
{
    UniqueFd here = open_file(store.tree("t"), O_RDONLY | O_DIRECTORY);
    for (int level = 0; level < 300; ++level) {
        ASSERT_TRUE(sys::mkdirat(here.get(), "d", 0755));
        here = open_file_at(here.get(), "d", O_RDONLY | O_DIRECTORY);
    }

    const auto [answer, bytes] =
        store.work_out({.upper = "t", .raw = true}, [](int root, int output) {
            return std::to_string(pack_layer(root, kEpoch, output).entries);
        });

    EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("256 directories deep"));
}

TEST(CapabilityAttribute, LosesTheNamespaceItWasSetIn)
{
    const std::string sets("\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    const std::string version2 = std::string("\x01\0\0\x02", 4) + sets;
    const std::string version3 =
        std::string("\x01\0\0\x03", 4) + sets + std::string("\x40\x0d\x03\0", 4);

    EXPECT_EQ(without_namespace(version3), version2);
    EXPECT_EQ(without_namespace(version2), version2);
    EXPECT_EQ(without_namespace("short"), "short");
}

TEST(TarStream, PutsInAnExtendedHeaderWhatDoesNotFit)
{
    const UniqueFd output = testing::file_with("");
    TarStream stream(output.get());
    TarEntry entry{.path = std::string(101, 'p'), .modified = -7};
    stream.add(entry);
    stream.finish();
    ::lseek(output.get(), 0, SEEK_SET);

    const std::string bytes = read_all(output.get(), 1U << 20, "tar");

    EXPECT_NE(bytes.find("111 path=" + std::string(101, 'p') + "\n"), std::string::npos);
    EXPECT_NE(bytes.find("12 mtime=-7\n"), std::string::npos);
}

} // namespace
} // namespace caisson::sandbox

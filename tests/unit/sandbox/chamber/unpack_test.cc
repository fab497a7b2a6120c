// Layers that are taken: what is there afterwards, and that it is all inside the tree.
#include "sandbag.hh"
#include "sandbox/sys/path.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::deep;
using testing::RawEntry;
using testing::Sandbag;
using testing::TarBuilder;
using testing::with_records;

struct Taken {
    const char* name;
    std::string archive;
    std::vector<std::string>
        paths; ///< exactly what is there afterwards, without the parents' lines
};

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(const Taken& one, std::ostream* out)
{
    *out << one.name;
}

std::vector<Taken> taken() // NOLINT(readability-function-size): a table
{
    return {
        {"AbsoluteNameBecomesRelative", TarBuilder().file("/etc/x").finish(), {"etc", "etc/x"}},
        {"SlashesAndDots", TarBuilder().file(".//./a//b").finish(), {"a", "a/b"}},
        {"LinkOutThenFileBelowItStaysInside",
         TarBuilder().link("out", "../outside").file("out/canary", "evil").finish(),
         {"out", "outside", "outside/canary"}},
        {"AbsoluteLinkThenFileBelowItStaysInside",
         TarBuilder().link("out", "/etc").file("out/passwd", "evil").finish(),
         {"etc", "etc/passwd", "out"}},
        {"LinkThenFileOfTheSameNameReplacesTheLink",
         TarBuilder().link("l", "../outside/canary").file("l", "evil").finish(),
         {"l"}},
        {"LinkThenDirectoryReplacesTheLink",
         TarBuilder().link("l", "../outside").directory("l").file("l/canary", "evil").finish(),
         {"l", "l/canary"}},
        {"LinkChainStaysInside",
         TarBuilder()
             .link("a", "..")
             .link("b", "a/..")
             .link("c", "b/../../..")
             .file("c/canary", "evil")
             .finish(),
         {"a", "b", "c", "canary"}},
        {"LastOfTwoWins", TarBuilder().file("f", "first").file("f", "second").finish(), {"f"}},
        {"DirectoryThenFile", TarBuilder().file("d/x").file("d").finish(), {"d"}},
        {"FileThenDirectory", TarBuilder().file("d").file("d/", "").directory("d").finish(), {"d"}},
        {"ProcSelfLink",
         TarBuilder().link("l", "/proc/self/root/etc").file("l/x").finish(),
         {"l",
          "proc",
          "proc/self",
          "proc/self/root",
          "proc/self/root/etc",
          "proc/self/root/etc/x"}},
        {"WhiteoutInTheLowestLayer",
         TarBuilder().file(".wh.x").file("a/.wh..wh..opq").finish(),
         {}},
        {"AufsFiles",
         TarBuilder().file(".wh..wh.plnk/1.2").file(".wh..wh.aufs").file("f").finish(),
         {"f"}},
        {"HardLinkToItself", TarBuilder().file("f").hard_link("f", "f").finish(), {"f"}},
        {"Fifo", TarBuilder().add({.name = "p", .type = '6'}).finish(), {"p"}},
        {"NamesOfAnyBytes",
         TarBuilder().file("\xff\xfe").file("tab\tnew\nline").file("\xc3\xa9").finish(),
         {"tab\tnew\nline", "\xc3\xa9", "\xff\xfe"}},
        {"LongNameOfNoText",
         with_records({{"path", std::string(150, '\xff')}}, {.name = "short"}),
         {std::string(150, '\xff')}},
        {"GzipInSeveralMembers",
         testing::gzipped(TarBuilder().file("a").unfinished()) +
             testing::gzipped(TarBuilder().file("b").finish()),
         {"a", "b"}},
        {"Zstandard", testing::zstd_compressed(TarBuilder().file("a").finish()), {"a"}},
        {"NoEntries", std::string(1024, '\0'), {}},
        {"NoBytes", "", {}},
        {"RubbishAfterTheEnd", TarBuilder().file("a").finish() + std::string(70000, 'j'), {"a"}},
        {"PermissionsWithoutAny",
         TarBuilder().directory("d", 0).file("d/f").finish(),
         {"d", "d/f"}},
        {"DeepAsAllowed",
         with_records({{"path", deep(3)}}, {.name = "f"}),
         {"d", "d/d", "d/d/d", "d/d/d/f"}},
    };
}

class OddLayer : public ::testing::TestWithParam<Taken> {};

TEST_P(OddLayer, IsUnpackedInsideTheTree)
{
    const Sandbag sandbag;

    EXPECT_EQ(sandbag.refusal_of(GetParam().archive), "");

    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(sandbag.root()))
        paths.push_back(entry.path().lexically_relative(sandbag.root()));
    std::sort(paths.begin(), paths.end());
    EXPECT_EQ(paths, GetParam().paths);
    sandbag.expect_canary_alive();
}

INSTANTIATE_TEST_SUITE_P(Unpack, OddLayer, ::testing::ValuesIn(taken()), [](const auto& one) {
    return std::string(one.param.name);
});

TEST(Unpack, KeepsOwnersModesTimesAndAttributes)
{
    const Sandbag sandbag;
    const std::string capability("\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    RawEntry program{
        .name = "bin/ping", .content = "elf", .mode = 04755, .user = 7, .group = 65535};
    program.records = {{"mtime", "1234567890.123456789"},
                       {"SCHILY.xattr.security.capability", capability},
                       {"SCHILY.xattr.user.note", std::string("a\0b", 3)}};

    const TreeStats stats =
        sandbag.unpack(TarBuilder()
                           .add({.name = "bin", .type = '5', .mode = 01777, .user = 3, .group = 4})
                           .add(program)
                           .link("bin/sh", "ping")
                           .hard_link("bin/pong", "bin/ping")
                           .finish());

    EXPECT_EQ(stats.entries, 4U);
    EXPECT_EQ(stats.bytes, 3U);
    struct stat status = {};
    ASSERT_EQ(::lstat((sandbag.root() / "bin/ping").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 04755U);
    EXPECT_EQ(status.st_uid, 7U);
    EXPECT_EQ(status.st_gid, 65535U);
    EXPECT_EQ(status.st_nlink, 2U);
    EXPECT_EQ(status.st_mtim.tv_sec, 1234567890);
    EXPECT_EQ(status.st_mtim.tv_nsec, 123456789);
    const UniqueFd file = open_file(sandbag.root() / "bin/ping", O_RDONLY);
    EXPECT_EQ(sys::fgetxattr(file.get(), "security.capability"), capability);
    EXPECT_EQ(sys::fgetxattr(file.get(), "user.note"), std::string("a\0b", 3));
    ASSERT_EQ(::lstat((sandbag.root() / "bin").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 01777U);
    EXPECT_EQ(status.st_mtim.tv_sec, 1'000'000'000) << "though files came into it later";
}

TEST(Unpack, ReplacesAFileWithoutTouchingItsOtherLinks)
{
    const Sandbag sandbag;

    (void)sandbag.unpack(
        TarBuilder().file("a", "old").hard_link("b", "a").file("a", "new").finish());

    EXPECT_EQ(testing::content_of(sandbag.root() / "a"), "new");
    EXPECT_EQ(testing::content_of(sandbag.root() / "b"), "old");
}

TEST(Unpack, KeepsTheHolesOfASparseFile)
{
    const Sandbag sandbag;
    // GNU.sparse 1.0: the map is the first block of the content
    std::string content = "1\n1048576\n5\n";
    content.resize(512, '\0');
    content += "hello";
    RawEntry sparse{.name = "GNUSparseFile.0/f", .content = content};
    sparse.records = {{"GNU.sparse.major", "1"},
                      {"GNU.sparse.minor", "0"},
                      {"GNU.sparse.name", "f"},
                      {"GNU.sparse.realsize", "2097152"}};

    (void)sandbag.unpack(TarBuilder().add(sparse).finish());

    const std::string bytes = testing::content_of(sandbag.root() / "f");
    ASSERT_EQ(bytes.size(), 2097152U);
    EXPECT_EQ(bytes.substr(1048576, 6), std::string("hello\0", 6));
}

TEST(Unpack, RefusesABombByItsRatio)
{
    const Sandbag sandbag;
    // frames of zeros at some 30,000 to 1, as the content of a whiteout: nobody reads it
    const std::string zeros = testing::zstd_compressed(std::string(16U << 20, '\0'));
    std::string archive = testing::zstd_compressed(
        TarBuilder().add({.name = ".wh.f", .claimed_size = 96LL << 24}).unfinished());
    for (int frame = 0; frame < 96; ++frame)
        archive += zeros;

    EXPECT_NE(sandbag.refusal_of(archive).find("1000 times its size"), std::string::npos);
}

} // namespace
} // namespace caisson::sandbox

#include "sandbox/base/error.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"
#include "tar_builder.hh"
#include "tree_environment.hh"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::RawEntry;
using testing::TarBuilder;
using testing::TreeStore;

/// A tree's directory with a canary beside it that nothing may touch, unpacked into without a
/// worker's walls: what holds here holds by the unpacker itself.
class Sandbag {
public:
    Sandbag()
        : directory_(fs::temp_directory_path(), "caisson-unpack-")
    {
        fs::create_directory(root());
        fs::create_directory(outside());
        write_file_atomically(outside() / "canary", "alive");
        ::chmod(root().c_str(), 0755);
    }

    [[nodiscard]] fs::path root() const { return directory_.path() / "root"; }
    [[nodiscard]] fs::path outside() const { return directory_.path() / "outside"; }

    TreeStats unpack(const std::string& bytes) const
    {
        const UniqueFd input = testing::file_with(bytes);
        const UniqueFd directory = open_file(root(), O_RDONLY | O_DIRECTORY);
        return unpack_layer(directory.get(), input.get());
    }

    /// "" or the error.
    [[nodiscard]] std::string refusal_of(const std::string& bytes) const
    {
        try {
            unpack(bytes);
            return "";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
            return error.what();
        }
    }

    void expect_canary_alive() const
    {
        EXPECT_EQ(testing::content_of(outside() / "canary"), "alive");
        EXPECT_EQ(std::distance(fs::directory_iterator(outside()), {}), 1);
        EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 2);
    }

private:
    TempDirectory directory_;
};

struct Refused {
    const char* name;
    std::string archive;
    std::string error; ///< part of it
};

void PrintTo(const Refused& one, std::ostream* out)
{
    *out << one.name;
}

std::string deep(int levels)
{
    std::string path;
    for (int level = 0; level < levels; ++level)
        path += "d/";
    return path + "f";
}

std::string with_records(std::vector<std::pair<std::string, std::string>> records, RawEntry entry)
{
    entry.records = std::move(records);
    return TarBuilder().add(entry).finish();
}

std::string damaged_checksum()
{
    std::string bytes = TarBuilder().file("first").file("second").finish();
    bytes[1024] ^= 1; // of the second header's name
    return bytes;
}

std::vector<Refused> refused()
{
    const std::string up = "leads out of its directory";
    return {
        {"DotDotFirst", TarBuilder().file("../outside/canary").finish(), up},
        {"DotDotInside", TarBuilder().file("a/../../outside/canary").finish(), up},
        {"DotDotLast", TarBuilder().directory("a/..").finish(), up},
        {"DotDotAlone", TarBuilder().directory("..").finish(), up},
        {"DotDotAfterDot", TarBuilder().file("./../outside/canary").finish(), up},
        {"DotDotAbsolute", TarBuilder().file("/../outside/canary").finish(), up},
        {"DotDotInPaxPath", with_records({{"path", "../outside/canary"}}, {.name = "good"}), up},
        {"DotDotInGnuLongName",
         TarBuilder()
             .add({.name = "././@LongLink",
                   .type = 'L',
                   .content = std::string("../outside/x\0", 13)})
             .file("good")
             .finish(),
         up},
        {"DotDotInHardLinkTarget",
         TarBuilder().hard_link("link", "../outside/canary").finish(),
         up},
        {"DotDotInPaxLinkTarget",
         with_records({{"linkpath", "../outside/canary"}},
                      {.name = "link", .type = '1', .link = "good"}),
         up},
        {"HardLinkThroughALinkOutside",
         TarBuilder().link("out", "../outside").hard_link("stolen", "out/canary").finish(),
         "which is not there"},
        {"HardLinkThroughAnAbsoluteLink",
         TarBuilder().link("out", "/etc").hard_link("stolen", "out/passwd").finish(),
         "which is not there"},
        {"HardLinkToAbsolutePath",
         TarBuilder().hard_link("stolen", "/etc/passwd").finish(),
         "which is not there"},
        {"HardLinkToADirectory",
         TarBuilder().directory("d").hard_link("link", "d").finish(),
         "which is no file"},
        {"HardLinkToTheRoot", TarBuilder().hard_link("link", ".").finish(), "which is"},
        {"HardLinkToWhatComesLater",
         TarBuilder().hard_link("link", "later").file("later").finish(),
         "which is not there"},
        {"HardLinkWithoutTarget", TarBuilder().hard_link("link", "").finish(), ""},
        {"CharacterDevice",
         TarBuilder().add({.name = "null", .type = '3'}).finish(),
         "is a device node"},
        {"BlockDevice",
         TarBuilder().add({.name = "sda", .type = '4'}).finish(),
         "is a device node"},
        {"OverlayWhiteoutDevice",
         TarBuilder().add({.name = "gone", .type = '3', .device = "0000000"}).finish(),
         "is a device node"},
        {"RootAsLink", TarBuilder().link("./", "/").finish(), "root of the archive"},
        {"RootAsFile", TarBuilder().file(".").finish(), "root of the archive"},
        {"RootAsHardLink", TarBuilder().file("a").hard_link("/", "a").finish(), "root of the"},
        {"OverlayOpaqueAttribute",
         with_records({{"SCHILY.xattr.user.overlay.opaque", "y"}}, {.name = "d", .type = '5'}),
         "user.overlay.opaque"},
        {"OverlayRedirectAttribute",
         with_records({{"SCHILY.xattr.user.overlay.redirect", "/etc"}}, {.name = "d", .type = '5'}),
         "user.overlay.redirect"},
        {"TrustedOverlayAttribute",
         with_records({{"SCHILY.xattr.trusted.overlay.redirect", "/x"}}, {.name = "f"}),
         "trusted.overlay.redirect"},
        {"SecurityModuleAttribute",
         with_records({{"SCHILY.xattr.security.selinux", "x"}}, {.name = "f"}),
         "security.selinux"},
        {"SystemAttribute",
         with_records({{"SCHILY.xattr.system.posix_acl_access", "x"}}, {.name = "f"}),
         "system.posix_acl_access"},
        {"AttributeInLibarchivesForm",
         with_records({{"LIBARCHIVE.xattr.trusted.x", "eA=="}}, {.name = "f"}),
         "trusted.x"},
        {"OwnerTooLarge",
         TarBuilder().add({.name = "f", .user = 65536}).finish(),
         "belongs to id 65536"},
        {"GroupTooLarge",
         TarBuilder().add({.name = "f", .group = 100000}).finish(),
         "belongs to id 100000"},
        {"OwnerInPaxTooLarge",
         with_records({{"uid", "4294967295"}}, {.name = "f"}),
         "belongs to id 4294967295"},
        {"OwnerInPaxNegative", with_records({{"uid", "-1"}}, {.name = "f"}), "id -1"},
        {"NameTooLong",
         with_records({{"path", "a/" + std::string(4200, 'b')}}, {.name = "f"}),
         "longer than 4095 bytes"},
        {"PartTooLong",
         with_records({{"path", "a/" + std::string(256, 'b')}}, {.name = "f"}),
         "part longer than 255"},
        {"TooDeep", with_records({{"path", deep(256)}}, {.name = "f"}), "256 directories deep"},
        {"LinkTargetTooLong",
         with_records({{"linkpath", std::string(4096, 't')}},
                      {.name = "l", .type = '2', .link = "t"}),
         "target of 4096 bytes"},
        {"LinkWithoutTarget", TarBuilder().link("l", "").finish(), ""},
        {"FileAsDirectory", TarBuilder().file("a").file("a/b").finish(), "is not a directory"},
        {"FifoAsDirectory",
         TarBuilder().add({.name = "p", .type = '6'}).file("p/b").finish(),
         "is not a directory"},
        {"LinkToAFileAsDirectory",
         TarBuilder().file("a").link("l", "a").file("l/b").finish(),
         "is not a directory"},
        {"LinksInACircle",
         TarBuilder().link("a", "b").link("b", "a").file("a/x").finish(),
         "Too many levels of symbolic links"},
        {"WhiteoutOfNothing", TarBuilder().file(".wh.").finish(), "no valid whiteout"},
        {"WhiteoutOfDot", TarBuilder().file("d/.wh..").finish(), "no valid whiteout"},
        {"WhiteoutOfDotDot", TarBuilder().file("d/.wh...").finish(), "no valid whiteout"},
        {"FileBelowAWhiteout", TarBuilder().file("d/.wh.x/y").finish(), "no valid whiteout"},
        {"NoName", with_records({{"path", ""}}, {.name = ""}), ""},
        {"Truncated",
         TarBuilder().file("a", std::string(5000, 'x')).unfinished().substr(0, 2000),
         "read the archive"},
        {"TruncatedHeader",
         TarBuilder().file("a").unfinished() + std::string(100, 'x'),
         "read the"},
        {"DamagedChecksum", damaged_checksum(), "read the archive"},
        {"NoArchive", std::string(3000, 'j'), "read the archive"},
        {"TruncatedGzip",
         testing::gzipped(TarBuilder().file("a", std::string(100000, 'x')).finish()).substr(0, 100),
         "read the archive"},
        {"CompressedTwice",
         testing::gzipped(testing::gzipped(TarBuilder().file("a").finish())),
         "compressed more than once"},
        {"HugeSparseFile",
         with_records({{"size", "1099511627776"}}, {.name = "f", .claimed_size = 077777777777}),
         "more than 200 GiB"},
        {"ContentBeyondTheArchive",
         TarBuilder().add({.name = "f", .content = "x", .claimed_size = 1 << 20}).finish(),
         "read the archive"},
        {"XzIsNoLayer",
         std::string("\xfd"
                     "7zXZ\0",
                     6) +
             std::string(600, 'x'),
         "read the archive"},
        {"UnknownKindWithDotDot", TarBuilder().add({.name = "../x", .type = 'Z'}).finish(), up},
    };
}

class HostileLayer : public ::testing::TestWithParam<Refused> {};

TEST_P(HostileLayer, IsRefusedAndTouchesNothingOutside)
{
    const Sandbag sandbag;

    const std::string error = sandbag.refusal_of(GetParam().archive);

    EXPECT_NE(error, "") << "it was taken";
    EXPECT_NE(error.find(GetParam().error), std::string::npos) << error;
    sandbag.expect_canary_alive();
}

INSTANTIATE_TEST_SUITE_P(Unpack, HostileLayer, ::testing::ValuesIn(refused()), [](const auto& one) {
    return std::string(one.param.name);
});

struct Taken {
    const char* name;
    std::string archive;
    std::vector<std::string>
        paths; ///< exactly what is there afterwards, without the parents' lines
};

void PrintTo(const Taken& one, std::ostream* out)
{
    *out << one.name;
}

std::vector<Taken> taken()
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

    sandbag.unpack(TarBuilder().file("a", "old").hard_link("b", "a").file("a", "new").finish());

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

    sandbag.unpack(TarBuilder().add(sparse).finish());

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

/// On top of lower layers, as real images are unpacked.
class UnpackOnTop : public ::testing::Test {
protected:
    nlohmann::json unpack(const std::string& layer)
    {
        (void)store.tree("top");
        return store.work({.lowers = {"lower"}, .upper = "top"}, layer, [](int root, int stream) {
            return std::to_string(unpack_layer(root, stream).entries);
        });
    }

    /// Of the merged view, or of the raw upper tree.
    nlohmann::json names(const WorkerView& view)
    {
        return store.work(view, "", [](int, int) {
            nlohmann::json found = nlohmann::json::array();
            for (const auto& entry : fs::recursive_directory_iterator("/"))
                found.push_back(entry.path().native());
            std::sort(found.begin(), found.end());
            return found.dump();
        })["result"];
    }
    nlohmann::json merged() { return names({.lowers = {"top", "lower"}}); }

    TreeStore store;
};

TEST_F(UnpackOnTop, TurnsWhiteoutsIntoOverlaysOwn)
{
    const fs::path lower = store.tree("lower");
    fs::create_directories(lower / "gone/deep");
    fs::create_directories(lower / "opaque/deep");
    write_file_atomically(lower / "opaque/old", "x");
    write_file_atomically(lower / "kept", "x");

    const auto answer = unpack(TarBuilder()
                                   .file(".wh.gone")
                                   .file("opaque/new")
                                   .file("opaque/.wh..wh..opq")
                                   .file(".wh.never-there")
                                   .finish());

    EXPECT_EQ(answer["result"], 4);
    EXPECT_EQ(merged(), nlohmann::json({"/kept", "/opaque", "/opaque/new"}));
}

TEST_F(UnpackOnTop, KeepsWhatTheLayerBroughtBeforeItsWhiteout)
{
    write_file_atomically(store.tree("lower") / "x", "old");

    unpack(TarBuilder().file("x", "new").file(".wh.x").file("d/y").file(".wh.d").finish());

    EXPECT_EQ(merged(), nlohmann::json({"/d", "/d/y", "/x"}));
}

TEST_F(UnpackOnTop, FindsAHardLinksTargetInALowerLayer)
{
    write_file_atomically(store.tree("lower") / "tool", "elf");

    const auto answer = unpack(TarBuilder().hard_link("alias", "tool").finish());

    EXPECT_EQ(answer["result"], 1) << answer;
    EXPECT_EQ(testing::content_of(store.tree("top") / "alias"), "elf");
}

TEST_F(UnpackOnTop, FollowsALowerLayersLinkToADirectory)
{
    fs::create_directories(store.tree("lower") / "usr/bin");
    fs::create_symlink("usr/bin", store.tree("lower") / "bin");

    unpack(TarBuilder().file("bin/tool").finish());

    EXPECT_EQ(merged(), nlohmann::json({"/bin", "/usr", "/usr/bin", "/usr/bin/tool"}));
}

TEST_F(UnpackOnTop, KeepsAnUnnamedParentsOwnerAndMode)
{
    fs::create_directory(store.tree("lower") / "tmp");
    ::chmod((store.tree("lower") / "tmp").c_str(), 01777);

    unpack(TarBuilder().file("tmp/x").finish());

    struct stat status = {};
    ASSERT_EQ(::stat((store.tree("top") / "tmp").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 01777U);
}

TEST_F(UnpackOnTop, HidesALowerDirectoryBehindAFile)
{
    fs::create_directories(store.tree("lower") / "d/deep");

    unpack(TarBuilder().file("d", "now a file").finish());

    EXPECT_EQ(merged(), nlohmann::json({"/d"}));
}

TEST_F(UnpackOnTop, ReadsItsStreamToTheEndForWhoeverHashesIt)
{
    (void)store.tree("lower");
    auto [read_end, write_end] = make_pipe();
    (void)store.tree("top");
    const Worker worker = start_worker(
        store.trees(),
        {.lowers = {"lower"}, .upper = "top"},
        read_end.get(),
        [](int root, int stream) { return std::to_string(unpack_layer(root, stream).entries); });
    read_end.reset();
    const std::string padded = TarBuilder().file("a").finish() + std::string(1U << 20, '\0');

    EXPECT_NO_THROW(write_all(write_end.get(), padded)) << "the pipe broke";
    write_end.reset();
    EXPECT_EQ(testing::answer_of(worker)["result"], 1);
}

} // namespace
} // namespace caisson::sandbox

// Layers that are refused, and none of them touches anything outside its tree.
#include "sandbag.hh"
#include "tests/support/tar_builder.hh"

#include <gtest/gtest.h>

namespace caisson::sandbox {
namespace {

using testing::deep;
using testing::Sandbag;
using testing::TarBuilder;
using testing::with_records;

struct Refused {
    const char* name;
    std::string archive;
    std::string error; ///< part of it
};

// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleTest's
void PrintTo(const Refused& one, std::ostream* out)
{
    *out << one.name;
}

std::string damaged_checksum()
{
    std::string bytes = TarBuilder().file("first").file("second").finish();
    bytes[1024] ^= 1; // of the second header's name
    return bytes;
}

std::vector<Refused> refused() // NOLINT(readability-function-size): a table
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

} // namespace
} // namespace caisson::sandbox

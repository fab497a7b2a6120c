// What an entry says that it is: devices, whiteouts, attributes, modes.
#include "tests/escape/archives/hostile_archives.hh"
#include "tests/support/tar_builder.hh"

namespace caisson::testing {
namespace {

using sandbox::testing::RawEntry;
using sandbox::testing::TarBuilder;
using Archives = std::vector<std::string>;

constexpr auto kTaken = Outcome::kTaken;
constexpr auto kRefused = Outcome::kRefused;

std::string one(const RawEntry& entry)
{
    return TarBuilder().add(entry).finish();
}

std::string with_attribute(const char* name, const std::string& value, char type = '0')
{
    return one(
        {.name = "f", .type = type, .records = {{std::string("SCHILY.xattr.") + name, value}}});
}

/// A version-2 file capability, every bit of the first word.
std::string capability()
{
    return std::string("\x01\0\0\x02\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 20);
}

const HostileArchive kByKind[] = {
    {"CharacterDevice",
     [](const std::string&) -> Archives {
         return {one({.name = "mem", .type = '3', .device = "0000001"})};
     }},
    {"BlockDevice",
     [](const std::string&) -> Archives {
         return {one({.name = "disk", .type = '4', .device = "0000376"})};
     }},
    {"WhiteoutAsDevice",
     [](const std::string&) -> Archives {
         return {one({.name = "gone", .type = '3', .device = "0000000"})};
     }},
    {"Fifo",
     [](const std::string&) -> Archives { return {one({.name = "p", .type = '6'})}; },
     kTaken,
     kTaken},
    {"FifoAsDirectory",
     [](const std::string&) -> Archives {
         return {TarBuilder().add({.name = "p", .type = '6'}).file("p/x").finish()};
     }},
    {"ContiguousFile",
     [](const std::string&) -> Archives {
         return {one({.name = "c", .type = '7', .content = "x"})};
     },
     kTaken,
     kTaken},
    {"SocketOfSolaris",
     [](const std::string&) -> Archives { return {one({.name = "s", .type = 's'})}; },
     kTaken,
     kTaken},
    {"ContinuedFromAnotherVolume",
     [](const std::string&) -> Archives {
         return {one({.name = "m", .type = 'M', .content = "x"})};
     },
     kRefused,
     kRefused},
    {"VolumeLabel",
     [](const std::string&) -> Archives { return {one({.name = "../label", .type = 'V'})}; },
     kTaken,
     kTaken},
    {"DirectoryDump",
     [](const std::string&) -> Archives {
         return {one({.name = "d", .type = 'D', .content = "Yx"})};
     },
     kTaken,
     kTaken},
    {"WhiteoutOfNothing",
     [](const std::string&) -> Archives { return {one({.name = ".wh."})}; },
     kRefused,
     kRefused},
    {"WhiteoutOfDot",
     [](const std::string&) -> Archives { return {one({.name = "d/.wh.."})}; },
     kRefused,
     kRefused},
    {"WhiteoutOfDotDot",
     [](const std::string&) -> Archives { return {one({.name = "d/.wh..."})}; },
     kRefused,
     kRefused},
    {"WhiteoutOfWhatIsNotThere",
     [](const std::string&) -> Archives { return {one({.name = "d/.wh.nothing"})}; },
     kTaken,
     kRefused},
    {"WhiteoutWithContent",
     [](const std::string&) -> Archives { return {one({.name = ".wh.x", .content = "x"})}; },
     kTaken,
     kRefused},
    {"WhiteoutAsDirectory",
     [](const std::string&) -> Archives {
         return {TarBuilder().directory(".wh.d").file(".wh.d/x").finish()};
     },
     kRefused,
     kRefused},
    {"WhiteoutAsLink",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link(".wh.x", outside).finish()};
     },
     kTaken,
     kRefused},
    {"WhiteoutOfTheWholeTree",
     [](const std::string&) -> Archives {
         return {TarBuilder().file("a").finish(), TarBuilder().file(".wh..wh..opq", "").finish()};
     },
     kTaken,
     kRefused},
    {"OpaqueMarkAsDirectory",
     [](const std::string&) -> Archives {
         return {TarBuilder().directory("d/.wh..wh..opq").finish()};
     },
     kTaken,
     kRefused},
    {"MarkOfAufs",
     [](const std::string&) -> Archives {
         return {TarBuilder().directory(".wh..wh.plnk").file(".wh..wh.plnk/1.2").finish()};
     },
     kTaken,
     kRefused},
    {"AttributeOfOverlayfs",
     [](const std::string&) -> Archives {
         return {with_attribute("trusted.overlay.redirect", "/etc", '5')};
     }},
    {"AttributeOfUsersOverlayfs",
     [](const std::string&) -> Archives {
         return {with_attribute("user.overlay.redirect", "/etc", '5')};
     }},
    {"AttributeOpaque",
     [](const std::string&) -> Archives {
         return {with_attribute("user.overlay.opaque", "y", '5')};
     }},
    {"AttributeMetacopy",
     [](const std::string&) -> Archives { return {with_attribute("user.overlay.metacopy", "")}; }},
    {"AttributeOfSelinux",
     [](const std::string&) -> Archives { return {with_attribute("security.selinux", "x")}; }},
    {"AttributeOfIma",
     [](const std::string&) -> Archives { return {with_attribute("security.ima", "x")}; }},
    {"AttributeAcl",
     [](const std::string&) -> Archives {
         return {with_attribute("system.posix_acl_access", "x")};
     }},
    {"AttributeOfNoNamespace",
     [](const std::string&) -> Archives { return {with_attribute("evil", "x")}; }},
    {"AttributeOfAMegabyte",
     [](const std::string&) -> Archives {
         return {with_attribute("user.x", std::string(1U << 20U, 'v'))};
     },
     kRefused,
     kTaken},
    {"ManyAttributes",
     [](const std::string&) -> Archives {
         RawEntry entry = {.name = "f"};
         for (int number = 0; number < 1000; ++number)
             entry.records.emplace_back("SCHILY.xattr.user." + std::to_string(number), "v");
         return {one(entry)};
     }},
    {"FileCapability",
     [](const std::string&) -> Archives {
         return {with_attribute("security.capability", capability())};
     },
     kTaken,
     kTaken},
    {"SetuidOfRoot",
     [](const std::string&) -> Archives {
         return {one({.name = "su", .content = "x", .mode = 06755})};
     },
     kTaken,
     kTaken},
    {"OwnerPastTheLast",
     [](const std::string&) -> Archives { return {one({.name = "f", .user = 65536})}; }},
    {"OwnerOfTheHost",
     [](const std::string&) -> Archives {
         return {one({.name = "f", .records = {{"uid", "4294967295"}}})};
     }},
    {"OwnerNegative",
     [](const std::string&) -> Archives {
         return {one({.name = "f", .records = {{"uid", "-2"}}})};
     }},
    {"OwnerByName",
     [](const std::string&) -> Archives {
         return {one({.name = "f", .records = {{"uname", "root"}, {"gname", "docker"}}})};
     },
     kTaken,
     kTaken},
};

} // namespace

std::vector<HostileArchive> archives_by_kind()
{
    return {std::begin(kByKind), std::end(kByKind)};
}

} // namespace caisson::testing

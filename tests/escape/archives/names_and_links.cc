// Where an entry says that it belongs: names, and links on the way to them.
#include "tests/escape/archives/hostile_archives.hh"
#include "tests/support/tar_builder.hh"

namespace caisson::testing {
namespace {

using sandbox::testing::RawEntry;
using sandbox::testing::TarBuilder;
using Archives = std::vector<std::string>;

constexpr auto kTaken = Outcome::kTaken;
constexpr auto kRefused = Outcome::kRefused;

/// `..` to the top, then to the host's directory.
std::string up_to(const std::string& outside)
{
    return "../../../../../../../../../../../../../../../.." + outside;
}

std::string with_path(const std::string& path)
{
    return TarBuilder().add({.name = "x", .content = "x", .records = {{"path", path}}}).finish();
}

std::string deep(int depth)
{
    std::string path = "d";
    for (int level = 1; level < depth; ++level)
        path += "/d";
    return path;
}

const HostileArchive kByName[] = {
    {"DotDot",
     [](const std::string& outside) -> Archives { return {with_path(up_to(outside) + "/canary")}; },
     kRefused,
     kRefused,
     true},
    {"DotDotBehindADirectory",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .directory("a")
                     .add({.name = "x",
                           .content = "x",
                           .records = {{"path", "a/" + up_to(outside) + "/canary"}}})
                     .finish()};
     },
     kRefused,
     kRefused,
     true},
    {"DotDotAsDirectory",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .add({.name = "x",
                           .type = '5',
                           .mode = 0777,
                           .records = {{"path", up_to(outside) + "/made/"}}})
                     .finish()};
     },
     kRefused,
     kRefused,
     true},
    {"DotDotAlone", [](const std::string&) -> Archives { return {with_path("..")}; }},
    {"Absolute",
     [](const std::string& outside) -> Archives { return {with_path(outside + "/canary")}; },
     kTaken,
     kTaken,
     true},
    {"AbsoluteWithTwoSlashes",
     [](const std::string& outside) -> Archives { return {with_path("//" + outside + "/canary")}; },
     kTaken,
     kTaken,
     true},
    {"BackslashesAreNoSeparators",
     [](const std::string&) -> Archives { return {with_path("..\\..\\canary")}; },
     kTaken,
     kTaken},
    {"Empty",
     [](const std::string&) -> Archives {
         return {TarBuilder().add({.name = "", .content = "x"}).finish()};
     }},
    {"RootIsAFile", [](const std::string&) -> Archives { return {with_path(".")}; }},
    {"RootIsALink",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link(".", outside).finish()};
     }},
    {"NulInAPaxPath",
     [](const std::string&) -> Archives { return {with_path(std::string("good\0/../x", 10))}; },
     kTaken,
     kTaken},
    {"OfAHundredKilobytes",
     [](const std::string&) -> Archives { return {with_path(std::string(100'000, 'n'))}; }},
    {"OfManyShortParts", [](const std::string&) -> Archives { return {with_path(deep(20'000))}; }},
    {"PartOf256Bytes",
     [](const std::string&) -> Archives { return {with_path(std::string(256, 'n'))}; }},
    {"PartOf255Bytes",
     [](const std::string&) -> Archives { return {with_path(std::string(255, 'n'))}; },
     kTaken,
     kTaken},
    {"257Deep", [](const std::string&) -> Archives { return {with_path(deep(258))}; }},
    {"200Deep",
     [](const std::string&) -> Archives { return {with_path(deep(200))}; },
     kTaken,
     kTaken},
    {"ControlCharacters",
     [](const std::string&) -> Archives { return {with_path("\x1b[31mred\n::set-output\x07")}; },
     kTaken,
     kTaken},
    {"NoUtf8",
     [](const std::string&) -> Archives { return {with_path("\xff\xfe\x80")}; },
     kTaken,
     kTaken},
    {"AsAnOption",
     [](const std::string&) -> Archives { return {with_path("--checkpoint-action=exec=sh x")}; },
     kTaken,
     kTaken},
};

const HostileArchive kByLink[] = {
    {"ThenWriteThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).file("out/canary", "evil").finish()};
     },
     kTaken,
     kTaken,
     true},
    {"UpThenWriteThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .link("out", up_to(outside).substr(0, 99))
                     .file("out/canary", "evil")
                     .finish()};
     },
     kTaken,
     kTaken},
    {"ChainThenWriteThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .link("a", outside)
                     .link("b", "a")
                     .link("c", "b")
                     .file("c/canary", "evil")
                     .finish()};
     },
     kTaken,
     kTaken,
     true},
    {"ToRootThenWriteThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .link("out", "/")
                     .add({.name = "x",
                           .content = "evil",
                           .records = {{"path", "out" + outside + "/canary"}}})
                     .finish()};
     },
     kTaken,
     kTaken,
     true},
    {"ThenADirectoryThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).directory("out/made", 0777).finish()};
     },
     kTaken,
     kTaken,
     true},
    {"ThenADirectoryOverIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).directory("out").file("out/canary").finish()};
     },
     kTaken,
     kTaken},
    {"ThenAFileOverIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside + "/canary").file("out", "evil").finish()};
     },
     kTaken,
     kTaken},
    {"ThenAWhiteoutThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).file("out/.wh.canary", "").finish()};
     },
     kTaken,
     kRefused},
    {"ThenAnOpaqueMarkThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).file("out/.wh..wh..opq", "").finish()};
     },
     kTaken,
     kRefused},
    {"InAnEarlierLayerThenWriteThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).finish(),
                 TarBuilder().file("out/canary", "evil").finish()};
     },
     kTaken,
     kTaken,
     true},
    {"InAnEarlierLayerThenAWhiteoutThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).finish(),
                 TarBuilder().file("out/.wh.canary", "").finish()};
     },
     kTaken,
     kRefused},
    {"InPlaceOfADirectoryOfAnEarlierLayer",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().directory("out").file("out/a").finish(),
                 TarBuilder().file(".wh.out", "").link("out", outside).finish(),
                 TarBuilder().file("out/canary", "evil").finish()};
     },
     kTaken,
     kRefused},
    {"HardToAnAbsolutePath",
     [](const std::string& outside) -> Archives {
         return {
             TarBuilder().hard_link("stolen", outside + "/canary").file("stolen", "evil").finish()};
     }},
    {"HardByDotDot",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .add({.name = "stolen",
                           .type = '1',
                           .link = "x",
                           .records = {{"linkpath", up_to(outside) + "/secret"}}})
                     .finish()};
     }},
    {"HardThroughALink",
     [](const std::string& outside) -> Archives {
         return {TarBuilder().link("out", outside).hard_link("stolen", "out/secret").finish()};
     }},
    {"HardToALinkThenWrite",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .link("out", outside + "/canary")
                     .hard_link("other", "out")
                     .file("other", "evil")
                     .finish()};
     },
     kTaken,
     kTaken},
    {"HardToItself",
     [](const std::string&) -> Archives { return {TarBuilder().hard_link("a", "a").finish()}; }},
    {"HardToADirectory",
     [](const std::string&) -> Archives {
         return {TarBuilder().directory("d").hard_link("a", "d").finish()};
     }},
    {"HardWithContent",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .link("out", outside + "/canary")
                     .add({.name = "out", .type = '1', .content = "evil", .link = "out"})
                     .finish()};
     }},
    {"OfFiveThousandBytes",
     [](const std::string&) -> Archives {
         return {TarBuilder()
                     .add({.name = "l",
                           .type = '2',
                           .link = "x",
                           .records = {{"linkpath", std::string(5000, 't')}}})
                     .finish()};
     }},
    {"WithoutATarget",
     [](const std::string&) -> Archives { return {TarBuilder().link("l", "").finish()}; }},
    {"InACircle",
     [](const std::string&) -> Archives {
         return {TarBuilder().link("a", "b").link("b", "a").file("a/x").finish()};
     }},
    {"ModeAndTimeThroughIt",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .add({.name = "out",
                           .type = '2',
                           .link = outside + "/canary",
                           .mode = 07777,
                           .user = 12,
                           .group = 34,
                           .modified = 42})
                     .finish()};
     },
     kTaken,
     kTaken},
};

} // namespace

std::vector<HostileArchive> archives_by_name()
{
    return {std::begin(kByName), std::end(kByName)};
}

std::vector<HostileArchive> archives_by_link()
{
    return {std::begin(kByLink), std::end(kByLink)};
}

} // namespace caisson::testing

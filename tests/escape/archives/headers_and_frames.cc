// What a header says of its size and of others, and what is no archive, or more than one.
#include "tests/escape/archives/hostile_archives.hh"
#include "tests/support/tar_builder.hh"

namespace caisson::testing {
namespace {

using sandbox::testing::gzipped;
using sandbox::testing::RawEntry;
using sandbox::testing::TarBuilder;
using sandbox::testing::zstd_compressed;
using Archives = std::vector<std::string>;

constexpr auto kTaken = Outcome::kTaken;
constexpr auto kRefused = Outcome::kRefused;

std::string one(const RawEntry& entry)
{
    return TarBuilder().add(entry).finish();
}

std::string with_record(const char* key, const std::string& value)
{
    return one({.name = "f", .content = "x", .records = {{key, value}}});
}

/// A pax header of bytes as they are.
std::string with_raw_records(const std::string& records)
{
    return TarBuilder()
        .add({.name = "PaxHeaders/x", .type = 'x', .content = records})
        .file("f")
        .finish();
}

std::string repeated(const std::string& bytes, std::size_t times)
{
    std::string all;
    all.reserve(bytes.size() * times);
    for (std::size_t count = 0; count < times; ++count)
        all += bytes;
    return all;
}

const HostileArchive kByHeader[] = {
    {"SizeLargerThanTheArchive",
     [](const std::string&) -> Archives {
         return {one({.name = "f", .content = "x", .claimed_size = 1 << 20})};
     }},
    {"SizeOfFourTebibytes",
     [](const std::string&) -> Archives { return {with_record("size", "4398046511104")}; }},
    {"SizePastSixtyFourBits",
     [](const std::string&) -> Archives { return {with_record("size", "99999999999999999999")}; },
     kRefused,
     kTaken},
    {"SizeNegative",
     [](const std::string&) -> Archives { return {with_record("size", "-1")}; },
     kRefused,
     kTaken},
    {"SizeThatHidesAnEntry",
     [](const std::string& outside) -> Archives {
         // the pax size swallows the next header: two readers see two archives
         return {TarBuilder()
                     .add({.name = "f", .content = "x", .records = {{"size", "1536"}}})
                     .link("hidden", outside)
                     .file("g")
                     .finish()};
     },
     kRefused,
     kRefused},
    {"SizeOfADirectory",
     [](const std::string&) -> Archives {
         return {TarBuilder()
                     .add({.name = "d", .type = '5', .claimed_size = 512})
                     .file("swallowed")
                     .file("g")
                     .finish()};
     },
     kTaken,
     kTaken},
    {"SparseBomb",
     [](const std::string&) -> Archives {
         return {one({.name = "f",
                      .content = "1\n1099511627776\n0\n" + std::string(512, 'x'),
                      .records = {{"GNU.sparse.major", "1"},
                                  {"GNU.sparse.minor", "0"},
                                  {"GNU.sparse.name", "sparse"},
                                  {"GNU.sparse.realsize", "1099511627776"}}})};
     }},
    {"SparsePiecesOutOfOrder",
     [](const std::string&) -> Archives {
         return {one({.name = "f",
                      .content = "x",
                      .records = {{"GNU.sparse.major", "0"},
                                  {"GNU.sparse.minor", "1"},
                                  {"GNU.sparse.map", "100,1,0,1"},
                                  {"GNU.sparse.size", "200"}}})};
     }},
    {"SparseNameLeadsOut",
     [](const std::string& outside) -> Archives {
         return {one(
             {.name = "f",
              .content = "1\n0\n0\n" + std::string(506, '\0'),
              .records = {{"GNU.sparse.major", "1"},
                          {"GNU.sparse.minor", "0"},
                          {"GNU.sparse.name", "../../../../../../../../.." + outside + "/canary"},
                          {"GNU.sparse.realsize", "0"}}})};
     }},
    {"RecordLongerThanItSays",
     [](const std::string&) -> Archives { return {with_raw_records("9 path=evil-and-more\n")}; }},
    {"RecordShorterThanItSays",
     [](const std::string&) -> Archives { return {with_raw_records("999999 path=evil\n")}; }},
    {"RecordWithoutALength",
     [](const std::string&) -> Archives { return {with_raw_records("path=evil\n")}; }},
    {"RecordOfLengthZero",
     [](const std::string&) -> Archives { return {with_raw_records("0 path=evil\n")}; }},
    {"TenThousandRecords",
     [](const std::string&) -> Archives {
         return {with_raw_records(repeated("12 comment=\n", 10'000))};
     },
     kTaken,
     kTaken},
    {"GlobalHeaderWithAPath",
     [](const std::string&) -> Archives {
         return {TarBuilder()
                     .add({.name = "g", .type = 'g', .content = "19 path=../../evil\n"})
                     .file("f")
                     .finish()};
     },
     kTaken,
     kTaken},
    {"TimeBeforeTheFirst",
     [](const std::string&) -> Archives { return {with_record("mtime", "-1234567890.5")}; },
     kTaken,
     kTaken},
    {"TimeOfTheFarFuture",
     [](const std::string&) -> Archives { return {with_record("mtime", "99999999999999")}; },
     kTaken,
     kTaken},
    {"TimeThatIsNoNumber",
     [](const std::string&) -> Archives { return {with_record("mtime", "now")}; },
     kTaken,
     kTaken},
    {"OwnerOfSixtyFourBits",
     [](const std::string&) -> Archives { return {with_record("uid", "18446744073709551616")}; }},
    {"LongNameOnLongName",
     [](const std::string&) -> Archives {
         TarBuilder archive;
         for (int count = 0; count < 1000; ++count)
             archive.add(
                 {.name = "././@LongLink", .type = 'L', .content = std::string("name\0", 5)});
         return {archive.file("f").finish()};
     },
     kRefused,
     kRefused},
    {"LongNameOfAGibibyte",
     [](const std::string&) -> Archives {
         return {
             one({.name = "././@LongLink", .type = 'L', .content = "x", .claimed_size = 1 << 30})};
     },
     kRefused,
     kTaken},
    {"LongNameThatLeadsOut",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .add({.name = "././@LongLink",
                           .type = 'L',
                           .content = "../../../../../../../../.." + outside + "/canary" + '\0'})
                     .file("f", "evil")
                     .finish()};
     },
     kRefused,
     kRefused,
     true},
    {"LongLinkThatLeadsOut",
     [](const std::string& outside) -> Archives {
         return {TarBuilder()
                     .add({.name = "././@LongLink",
                           .type = 'K',
                           .content = "../../../../../../../../.." + outside + "/secret" + '\0'})
                     .hard_link("stolen", "x")
                     .finish()};
     }},
    {"SameFileAHundredTimes",
     [](const std::string&) -> Archives {
         TarBuilder archive;
         for (int count = 0; count < 100; ++count)
             archive.file("f", std::to_string(count));
         return {archive.finish()};
     },
     kTaken,
     kTaken},
    {"FileThenDirectoryOfItsName",
     [](const std::string&) -> Archives {
         return {TarBuilder().file("a").directory("a").file("a/b").finish()};
     },
     kTaken,
     kTaken},
    {"DirectoryThenFileOfItsName",
     [](const std::string&) -> Archives {
         return {TarBuilder().directory("a").file("a/b").file("a").finish()};
     },
     kTaken,
     kTaken},
};

const HostileArchive kByFrame[] = {
    {"Nothing", [](const std::string&) -> Archives { return {""}; }, kTaken, kTaken},
    {"ZerosOnly",
     [](const std::string&) -> Archives { return {std::string(10240, '\0')}; },
     kTaken,
     kTaken},
    {"CutInAHeader",
     [](const std::string&) -> Archives {
         return {TarBuilder().file("f").unfinished() + std::string(100, 'x')};
     }},
    {"CutInAFile",
     [](const std::string&) -> Archives {
         return {TarBuilder().file("f", std::string(5000, 'x')).unfinished().substr(0, 2000)};
     }},
    {"CutInGzip",
     [](const std::string&) -> Archives {
         return {
             gzipped(TarBuilder().file("f", std::string(100'000, 'x')).finish()).substr(0, 100)};
     },
     kRefused,
     kTaken},
    {"GarbageBehindTheEnd",
     [](const std::string&) -> Archives {
         return {TarBuilder().file("f").finish() + std::string(3000, 'j')};
     },
     kTaken,
     kTaken},
    {"GarbageBehindGzip",
     [](const std::string&) -> Archives {
         return {gzipped(TarBuilder().file("f").finish()) + "garbage"};
     },
     kTaken,
     kTaken},
    {"TwoArchives",
     [](const std::string&) -> Archives {
         return {TarBuilder().file("f").finish() + TarBuilder().file("../x").finish()};
     },
     kTaken,
     kTaken},
    {"TwoGzipMembers",
     [](const std::string&) -> Archives {
         return {gzipped(TarBuilder().file("f").unfinished()) +
                 gzipped(TarBuilder().file("g").finish())};
     },
     kTaken,
     kTaken},
    {"DamagedChecksum",
     [](const std::string&) -> Archives {
         std::string bytes = TarBuilder().file("first").file("second").finish();
         bytes[1024] ^= 1;
         return {bytes};
     }},
    {"CompressedTwice",
     [](const std::string&) -> Archives {
         return {gzipped(gzipped(TarBuilder().file("f").finish()))};
     }},
    {"ZstdInGzip",
     [](const std::string&) -> Archives {
         return {gzipped(zstd_compressed(TarBuilder().file("f").finish()))};
     }},
    {"BombOfZstd",
     [](const std::string&) -> Archives {
         // 64 MiB of zeros a frame, and frames may follow each other: 2 GiB from 100 kB
         const std::string frame = zstd_compressed(std::string(64U << 20U, '\0'));
         return {zstd_compressed(
                     TarBuilder().add({.name = "f", .claimed_size = 2LL << 30}).unfinished()) +
                 repeated(frame, 32)};
     }},
    {"Zip",
     [](const std::string&) -> Archives {
         return {std::string("PK\x03\x04\x14\0\0\0\0\0", 10) + std::string(600, 'z')};
     },
     kRefused,
     kTaken},
    {"Cpio",
     [](const std::string&) -> Archives { return {"070701" + std::string(600, '0')}; },
     kRefused,
     kTaken},
    {"Ar",
     [](const std::string&) -> Archives { return {"!<arch>\n" + std::string(600, ' ')}; },
     kRefused,
     kTaken},
    {"SevenZip",
     [](const std::string&) -> Archives {
         return {std::string("7z\xbc\xaf\x27\x1c\0\x04", 8) + std::string(600, 'x')};
     },
     kRefused,
     kTaken},
    {"Script",
     [](const std::string&) -> Archives {
         return {"#!/bin/sh\ntouch /evil\n" + std::string(600, '#')};
     },
     kRefused,
     kTaken},
};

} // namespace

std::vector<HostileArchive> archives_by_header()
{
    return {std::begin(kByHeader), std::end(kByHeader)};
}

std::vector<HostileArchive> archives_by_frame()
{
    return {std::begin(kByFrame), std::end(kByFrame)};
}

} // namespace caisson::testing

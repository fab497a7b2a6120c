// One file out of an image in one file, which came from anywhere.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/archive_member.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace caisson::sandbox {
namespace {

using testing::TarBuilder;

constexpr const char* kIndex = "index.json";

/// What was written of `name`; with what was counted at its end.
std::string member(const std::string& archive, const std::string& name = kIndex)
{
    const UniqueFd input = testing::file_with(archive);
    const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
    const std::uint64_t bytes = write_archive_member(input.get(), name, output.get());
    ::lseek(output.get(), 0, SEEK_SET);
    return read_all(output.get(), 1U << 24, "output") + "|" + std::to_string(bytes);
}

/// "" or why it was refused.
std::string refusal_of(const std::string& archive)
{
    try {
        member(archive);
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
        return error.what();
    }
}

TEST(ArchiveMember, IsFoundAmongOthersByItsPlainName)
{
    const std::string archive = TarBuilder()
                                    .directory("./")
                                    .file("./oci-layout", "{}")
                                    .directory("./blobs/")
                                    .file("./blobs//sha256/./ab", std::string(100'000, 'x'))
                                    .file("./index.json", "wanted")
                                    .file("blobs/sha256/cd", "other")
                                    .finish();

    EXPECT_EQ(member(archive), "wanted|6");
    EXPECT_EQ(member(archive, "blobs/sha256/ab").substr(99'998), "xx|100000");
}

TEST(ArchiveMember, MayBeEmpty)
{
    EXPECT_EQ(member(TarBuilder().file(kIndex, "").finish()), "|0");
}

TEST(ArchiveMember, OfAnyOwnerUnderAnyNameOfTheOwner)
{
    // what tar(1) writes for an invoker with a large id and a name that is no ASCII
    const std::string archive =
        TarBuilder()
            .add({.name = kIndex,
                  .content = "wanted",
                  .records = {{"uid", "1234567890"}, {"uname", "j\xc3\xb6rg"}}})
            .finish();

    EXPECT_EQ(member(archive), "wanted|6");
}

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

std::string sparse_by_map(const std::string& map, const std::string& size)
{
    return TarBuilder()
        .add({.name = "x",
              .content = "hello",
              .records = {{"GNU.sparse.map", map},
                          {"GNU.sparse.size", size},
                          {"GNU.sparse.name", kIndex}}})
        .finish();
}

std::string many(std::size_t entries)
{
    TarBuilder archive;
    for (std::size_t entry = 0; entry < entries; ++entry)
        archive.file("f" + std::to_string(entry), "");
    return archive.file(kIndex, "late").finish();
}

/// Headers for a next entry that never comes.
std::string headers(char type, int count, const std::string& content, std::int64_t claimed = -1)
{
    TarBuilder archive;
    for (int header = 0; header < count; ++header)
        archive.add({.name = "header", .type = type, .content = content, .claimed_size = claimed});
    return archive.file(kIndex, "x").finish();
}

std::string two_records()
{
    return "20 comment=aaaaaaaa\n20 comment=bbbbbbbb\n";
}

std::vector<Refused> refused()
{
    constexpr const char* kTwice = "it has \"index.json\" twice";
    constexpr const char* kNoFile = "is no regular file";
    constexpr const char* kCut = "cut short";
    return {
        {"NoBytes", "", "it is no tar archive"},
        {"NoEntries", TarBuilder().finish(), "it has no \"index.json\""},
        {"NoArchive", std::string(3000, 'j'), "it is no tar archive"},
        {"Compressed",
         testing::gzipped(TarBuilder().file(kIndex).finish()),
         "it is no tar archive"},
        {"Absent", TarBuilder().file("index.json.bak").file("x/index.json").finish(), "it has no"},
        {"Twice", TarBuilder().file(kIndex, "a").file(kIndex, "b").finish(), kTwice},
        {"TwiceByADot",
         TarBuilder().file(kIndex, "a").file("././index.json", "b").finish(),
         kTwice},
        {"TwiceByASlash", TarBuilder().file(kIndex, "a").file("/index.json", "b").finish(), kTwice},
        {"TwiceByDotDot",
         TarBuilder().file(kIndex, "a").file("x/../index.json", "b").finish(),
         "\"..\" in its name"},
        {"SymbolicLink", TarBuilder().link(kIndex, "/etc/passwd").finish(), kNoFile},
        {"HardLink", TarBuilder().file("x").hard_link(kIndex, "x").finish(), kNoFile},
        {"DirectoryAsLink", TarBuilder().file(kIndex).link("blobs", ".").finish(), kNoFile},
        {"Fifo", TarBuilder().add({.name = kIndex, .type = '6'}).finish(), kNoFile},
        {"Device", TarBuilder().file(kIndex).add({.name = "null", .type = '3'}).finish(), kNoFile},
        {"NoName",
         TarBuilder().file(kIndex).add({.name = "", .records = {{"path", ""}}}).finish(),
         "no name"},
        {"HugeMember",
         TarBuilder().add({.name = kIndex, .content = "x", .claimed_size = 1LL << 32}).finish(),
         kCut},
        {"HugeOther",
         TarBuilder()
             .file(kIndex)
             .add({.name = "other", .content = "x", .claimed_size = 1LL << 32})
             .finish(),
         kCut},
        {"HugeByPax",
         TarBuilder()
             .add({.name = kIndex, .content = "x", .records = {{"size", "9223372036854775807"}}})
             .finish(),
         ""},
        {"HolesBefore", sparse_by_map("1099511627776,5", "1099511627781"), "has holes"},
        {"HolesBehind", sparse_by_map("0,5", "1099511627776"), "has holes"},
        {"TooManyEntries", many(10'000), "too many entries"},
        {"EndlessPaxHeaders", headers('x', 3'000, two_records()), kCut},
        {"EndlessLongNames", headers('L', 3'000, std::string("name\0", 5)), kCut},
        {"HugePaxHeader", headers('x', 1, two_records(), 1LL << 32), kCut},
        {"HugeLongName", headers('L', 1, "name", 1LL << 32), kCut},
        {"Truncated",
         TarBuilder().file(kIndex, std::string(5'000, 'x')).unfinished().substr(0, 2'000),
         kCut},
        {"OtherTruncated",
         TarBuilder().file(kIndex).file("x", std::string(5'000, 'x')).unfinished().substr(0, 3'000),
         kCut},
    };
}

class HostileArchive : public ::testing::TestWithParam<Refused> {};

TEST_P(HostileArchive, IsRefused)
{
    const std::string error = refusal_of(GetParam().archive);

    EXPECT_NE(error, "") << "it was taken";
    EXPECT_NE(error.find(GetParam().error), std::string::npos) << error;
}

INSTANTIATE_TEST_SUITE_P(ArchiveMember,
                         HostileArchive,
                         ::testing::ValuesIn(refused()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(ArchiveMember, IsNeverAPartOfItself)
{
    const std::string archive = TarBuilder()
                                    .file("a", std::string(700, 'a'))
                                    .file(kIndex, std::string(1'300, 'w'))
                                    .unfinished();
    const std::string whole = std::string(1'300, 'w') + "|1300";

    int taken = 0;
    for (std::size_t size = 0; size <= archive.size(); size += 100) {
        const std::string part = archive.substr(0, size);
        if (refusal_of(part).empty()) {
            EXPECT_EQ(member(part), whole) << size;
            ++taken;
        }
    }
    EXPECT_LE(taken, 3) << "only the padding of its last block may be missing";
    EXPECT_EQ(member(archive), whole);
}

} // namespace
} // namespace caisson::sandbox

// The story: layers of a base image and archives of a context are a stranger's bytes.
// CVE-2026-17106 (go-archive follows links), CVE-2026-50163 (hard links by the working directory),
// CVE-2024-9676, CVE-2021-29136, CVE-2019-14271's kind, bombs of every compression, and headers
// that lie about names, sizes, owners.
//
// The attacker: each archive of hostile_archives.hh, made here byte by byte. The assertion: it
// becomes what the table says, as a base image's layers and by ADD, within the time; nothing
// outside is touched.
#include "tests/escape/archives/hostile_archives.hh"
#include "tests/escape/outside.hh"
#include "tests/support/oci_layout.hh"
#include "tests/support/tar_builder.hh"

#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ostream>

namespace caisson::testing {

std::ostream& operator<<(std::ostream& stream, const HostileArchive& archive)
{
    return stream << archive.name;
}

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::string media_type(const std::string& blob)
{
    std::string type = "application/vnd.oci.image.layer.v1.tar";
    if (blob.starts_with("\x1f\x8b")) return type + "+gzip";
    if (blob.starts_with("\x28\xb5\x2f\xfd")) return type + "+zstd";
    return type;
}

/// Of as much as unpacks; a bomb is refused before its end.
std::string diff_id(const fs::path& blob, const std::string& type)
{
    const char* unpack = type.ends_with("+gzip")   ? "gzip -dc"
                         : type.ends_with("+zstd") ? "zstd -dc"
                                                   : "cat";
    return "sha256:" +
           shell(unpack + (" <'" + blob.native()) + "' 2>/dev/null | head -c 600000000 | sha256sum")
               .out.substr(0, 64);
}

class EscapeByArchive : public ::testing::TestWithParam<HostileArchive> {
protected:
    void expect(Outcome wanted, const Ran& built) const
    {
        const Outcome became = built.exit == 0 ? Outcome::kTaken : Outcome::kRefused;
        EXPECT_EQ(became == Outcome::kTaken, wanted == Outcome::kTaken) << built.err;
        if (built.exit != 0) {
            EXPECT_EQ(built.exit, 6) << built.err;
        }
        EXPECT_THAT(built.err, Not(HasSubstr(Outside::kSecret)));
        EXPECT_TRUE(outside_.is_untouched());
    }

    Workspace work_;
    Outside outside_{work_};
    std::vector<std::string> archives_ = GetParam().archives(outside_.path());
};

/// A step on a base image of these layers.
Ran build_on(const Workspace& work, const std::vector<std::string>& archives)
{
    std::vector<HandmadeLayer> layers;
    for (const std::string& archive : archives) {
        std::ofstream(work.path("blob"), std::ios::binary) << archive;
        layers.push_back({.blob = archive,
                          .diff_id = diff_id(work.path("blob"), media_type(archive)),
                          .media_type = media_type(archive)});
    }
    write_oci_layout(work.path("base"), layers);
    work.add_busybox();
    return work.build("FROM base\nCOPY busybox /zz/busybox\nRUN [\"/zz/busybox\", \"true\"]\n",
                      {"--build-context",
                       "base=oci-layout://" + work.path("base").native(),
                       "-o",
                       "type=local,dest=" + work.path("out").native()});
}

TEST_P(EscapeByArchive, AsLayersOfABase)
{
    expect(GetParam().as_base, build_on(work_, archives_));
}

TEST_P(EscapeByArchive, ByAdd)
{
    std::string dockerfile = "FROM scratch\n";
    for (std::size_t index = 0; index < archives_.size(); ++index) {
        const std::string name = "archive" + std::to_string(index);
        std::ofstream(work_.context() / name, std::ios::binary) << archives_[index];
        dockerfile += "ADD " + name + " /in/\n";
    }

    const Ran built =
        work_.build(dockerfile, {"-o", "type=local,dest=" + work_.path("out").native()});

    expect(GetParam().as_added, built);
}

/// The same archives by a tool that trusts what it reads.
class TarIsFooled : public EscapeByArchive {};

TEST_P(TarIsFooled, AndChangesTheHost)
{
    const std::string directory = work_.path("naive").native();
    fs::create_directory(directory);
    for (const std::string& archive : archives_) {
        std::ofstream(work_.path("archive.tar"), std::ios::binary) << archive;
        (void)shell("cd '" + directory +
                    "' && tar --absolute-names --no-same-owner --overwrite -xf ../archive.tar");
    }

    EXPECT_FALSE(outside_.is_untouched()) << "it proves nothing";
}

std::vector<HostileArchive> archives_that_fool_tar()
{
    std::vector<HostileArchive> all;
    for (const auto& some : {archives_by_name(), archives_by_link(), archives_by_header()})
        std::copy_if(some.begin(), some.end(), std::back_inserter(all), [](const auto& archive) {
            return archive.fools_tar;
        });
    return all;
}

TEST(EscapeByArchives, OfManyEntriesIsUnpackedInItsTime)
{
    const Workspace work;
    // two hundred thousand; an archive of two million is the last that is taken
    const std::string entry = sandbox::testing::TarBuilder().directory("d").unfinished();
    std::string many;
    for (int count = 0; count < 20'000; ++count)
        many += entry;
    const std::string frame =
        sandbox::testing::zstd_compressed(many); // and frames follow each other
    std::string archive;
    for (int count = 0; count < 10; ++count)
        archive += frame;
    archive += sandbox::testing::zstd_compressed(std::string(1024, '\0'));

    const Ran built = build_on(work, {archive});

    EXPECT_EQ(built.exit, 0) << built.err;
    EXPECT_LT(archive.size(), 50'000U) << "it is small, as an attacker would have it";
}

std::string name_of(const ::testing::TestParamInfo<HostileArchive>& archive)
{
    return archive.param.name;
}

INSTANTIATE_TEST_SUITE_P(Name, EscapeByArchive, ::testing::ValuesIn(archives_by_name()), name_of);
INSTANTIATE_TEST_SUITE_P(Link, EscapeByArchive, ::testing::ValuesIn(archives_by_link()), name_of);
INSTANTIATE_TEST_SUITE_P(Kind, EscapeByArchive, ::testing::ValuesIn(archives_by_kind()), name_of);
INSTANTIATE_TEST_SUITE_P(Header,
                         EscapeByArchive,
                         ::testing::ValuesIn(archives_by_header()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Frame, EscapeByArchive, ::testing::ValuesIn(archives_by_frame()), name_of);

INSTANTIATE_TEST_SUITE_P(By, TarIsFooled, ::testing::ValuesIn(archives_that_fool_tar()), name_of);

} // namespace
} // namespace caisson::testing

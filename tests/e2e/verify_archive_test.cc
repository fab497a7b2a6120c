// `caisson verify` of an archive that someone handed over, which may be made to harm whoever reads
// it: what it does, what it costs, and in which process.
#include "sandbox/archive_member.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"
#include "tests/support/tar_builder.hh"
#include "tests/support/workspace.hh"

#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using sandbox::testing::TarBuilder;

class VerifyArchive : public ::testing::Test {
protected:
    void SetUp() override { write_file_atomically(key(), workspace_.caisson({"key", "show"}).out); }

    [[nodiscard]] std::string key() const { return workspace_.path("key.pub"); }
    [[nodiscard]] std::string archive() const { return workspace_.path("image.tar"); }

    [[nodiscard]] Ran verify(const std::string& path) const
    {
        return workspace_.caisson({"verify", "--key", key(), path});
    }
    [[nodiscard]] Ran verify_bytes(const std::string& bytes) const
    {
        write_file_atomically(archive(), bytes);
        return verify(archive());
    }

    Workspace workspace_;
};

TEST_F(VerifyArchive, RefusesWhatReadersCouldTakeInTwoWays)
{
    const auto said = [&](const TarBuilder& hostile) {
        const Ran ran = verify_bytes(hostile.finish());
        EXPECT_EQ(ran.exit, 6) << ran.err;
        return ran.err;
    };

    EXPECT_NE(said(TarBuilder().file("index.json", "{}").file("./index.json", "{}")).find("twice"),
              std::string::npos);
    EXPECT_NE(said(TarBuilder().link("index.json", "/etc/passwd")).find("no regular file"),
              std::string::npos);
    EXPECT_NE(said(TarBuilder().file("index.json", "{}").link("blobs", "/etc")).find("no regular"),
              std::string::npos);
}

TEST_F(VerifyArchive, RefusesWhatIsCutShortOrEndless)
{
    const std::string whole = TarBuilder().file("index.json", std::string(4'000, ' ')).unfinished();
    TarBuilder endless;
    for (int header = 0; header < 100'000; ++header)
        endless.add({.name = "x", .type = 'x', .content = "13 comment=x\n"});

    const Ran cut = verify_bytes(whole.substr(0, 2'000));
    const Ran headers = verify_bytes(endless.finish());

    EXPECT_EQ(cut.exit, 6);
    EXPECT_NE(cut.err.find("cut short"), std::string::npos) << cut.err;
    EXPECT_EQ(headers.exit, 6);
    EXPECT_NE(headers.err.find("cut short"), std::string::npos) << headers.err;
}

TEST_F(VerifyArchive, LooksAtNoMoreOfAHugeFileThanADocumentMayHave)
{
    // one that is there in full, as a sparse file, and one that would be made of holes
    constexpr std::int64_t kHuge = 7LL << 30;
    write_file_atomically(
        archive(), TarBuilder().add({.name = "index.json", .claimed_size = kHuge}).unfinished());
    ASSERT_EQ(::truncate(archive().c_str(), kHuge + 4096), 0);
    const auto start = std::chrono::steady_clock::now();

    const Ran whole = verify(archive());
    const Ran holes = verify_bytes(TarBuilder()
                                       .add({.name = "x",
                                             .content = "hello",
                                             .records = {{"GNU.sparse.map", "0,5"},
                                                         {"GNU.sparse.size", "1099511627776"},
                                                         {"GNU.sparse.name", "index.json"}}})
                                       .finish());

    EXPECT_EQ(whole.exit, 6);
    EXPECT_NE(whole.err.find("\"index.json\" is too large"), std::string::npos) << whole.err;
    EXPECT_EQ(holes.exit, 6);
    EXPECT_NE(holes.err.find("has holes"), std::string::npos) << holes.err;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(VerifyArchive, WaitsForNoFifoAndReadsNoDevice)
{
    ASSERT_EQ(::mkfifo(archive().c_str(), 0600), 0);

    for (const std::string& path : {archive(), std::string("/dev/zero")}) {
        const Ran ran = verify(path);
        EXPECT_EQ(ran.exit, 6);
        EXPECT_NE(ran.err.find("it is no regular file"), std::string::npos) << ran.err;
    }
}

TEST_F(VerifyArchive, NeedsNeitherNamespacesNorSubordinateIds)
{
    // in a namespace of one id in which no other can be made, as on a locked-down machine
    const std::string bare = "echo 0 >/proc/sys/user/max_user_namespaces; "
                             "unshare --user true 2>/dev/null && exit 99; exec \"$@\"";
    const auto in_bare = [&](std::vector<std::string> command) {
        command.insert(command.begin(), {"--user", "--map-root-user", "/bin/sh", "-c", bare, "-"});
        return run("/usr/bin/unshare", command, workspace_.environment());
    };
    CAISSON_REQUIRE(in_bare({"/bin/true"}).exit == 0, "no user namespace can be made here");
    workspace_.write("hello", "hello");
    ASSERT_EQ(
        workspace_.build("FROM scratch\nCOPY hello /\n", {"-o", "type=oci,dest=" + archive()}).exit,
        0);
    const std::string caisson = checkout::bin() / "caisson";

    const Ran build = in_bare({"/usr/bin/env",
                               "CAISSON_STORE=" + workspace_.path("other").native(),
                               caisson,
                               "build",
                               workspace_.context()});
    const Ran verified = in_bare({caisson, "verify", "--key", key(), archive()});

    EXPECT_EQ(build.exit, 5) << "a build needs them";
    EXPECT_NE(build.err.find("user namespace with too few ids"), std::string::npos) << build.err;
    EXPECT_EQ(verified.exit, 0) << verified.err;
    EXPECT_NE(verified.out.find("\nverified\n"), std::string::npos) << verified.out;
}

std::string proc_text(pid_t pid, const char* name)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ArchiveReader, HoldsNothingButItsArchiveAndItsPipes)
{
    const TempDirectory directory(fs::temp_directory_path());
    const fs::path path = directory.path() / "a.tar";
    // more than a pipe holds: the reader still writes when it is looked at
    write_file_atomically(path, TarBuilder().file("big", std::string(1U << 20U, 'x')).finish());
    const UniqueFd archive = open_file(path, O_RDONLY);
    std::string status;
    std::string limits;
    std::size_t descriptors = 0;

    sandbox::read_archive_member(
        checkout::bin() / "caisson-chamber", archive.get(), "big", [&](std::string_view) {
            if (!status.empty()) return;
            const pid_t reader = std::stoi(proc_text(
                ::getpid(), ("task/" + std::to_string(::gettid()) + "/children").c_str()));
            status = proc_text(reader, "status");
            limits = proc_text(reader, "limits");
            std::error_code closed; // it is not dumpable: only root looks into its descriptors
            const fs::directory_iterator open("/proc/" + std::to_string(reader) + "/fd", closed);
            descriptors = static_cast<std::size_t>(std::distance(open, {}));
        });

    for (const char* line : {"Name:\tcaisson-chamber",
                             "CapPrm:\t0000000000000000",
                             "CapEff:\t0000000000000000",
                             "NoNewPrivs:\t1",
                             "Seccomp:\t2"})
        EXPECT_NE(status.find(line), std::string::npos) << line << " in " << status;
    EXPECT_NE(limits.find("Max address space         268435456            268435456"),
              std::string::npos)
        << limits;
    EXPECT_EQ(descriptors, ::geteuid() == 0 ? 5U : 0U) << "0 to 4";
}

} // namespace
} // namespace caisson::testing

// The operations on trees, from the runner's handle through the real chamber and its workers.
#include "sandbox/base/error.hh"
#include "sandbox/base/program.hh"
#include "sandbox/chamber/handshake.hh"
#include "tests/cell/cell_fixture.hh"
#include "tests/support/paths.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox::testing {
namespace {

namespace fs = std::filesystem;

class Trees : public CellTest {
protected:
    /// What `write` sends into the pipe that it is given.
    template<class Write>
    static std::string bytes_of(Write&& write)
    {
        auto [read_end, write_end] = make_pipe();
        std::future<TreeStats> stats = write(write_end.get());
        write_end.reset();
        std::string bytes = read_all(read_end.get(), 1U << 26, "tar");
        (void)stats.get();
        return bytes;
    }

    static std::string names_in(const std::string& tar)
    {
        const UniqueFd file = make_sealed_memfd("tar", tar);
        return run_program(
            {.path = "/bin/tar", .arguments = {"-tf", "-"}, .standard_input = file.get()});
    }
};

TEST_F(Trees, PackWhatAStepWrote)
{
    const Plan step = script("mkdir /made && echo x >/made/file && rm /etc/hosts");
    ASSERT_TRUE(run(step).outcome.ok());

    (void)chamber().freeze(step.upper, 0).get();
    const std::string layer =
        bytes_of([&](int output) { return chamber().pack(step.upper, 0, output); });

    EXPECT_EQ(names_in(layer), "etc/\netc/.wh.hosts\nmade/\nmade/file\n");
}

TEST_F(Trees, UnpackAHardLinkToAFileOfAnotherDirectory)
{
    const TempDirectory scratch(fs::temp_directory_path(), "caisson-links-");
    const std::string make = "cd " + scratch.path().native() +
                             " && mkdir a b && echo x >a/file && ln a/file b/link && tar -cf t a b";
    (void)run_program({.path = "/bin/sh", .arguments = {"-c", make}});
    const UniqueFd layer = open_file(scratch.path() / "t", O_RDONLY);

    (void)chamber().unpack("linked", {"base"}, layer.get()).get();

    const std::string tar =
        bytes_of([&](int output) { return chamber().pack("linked", 0, output); });
    EXPECT_EQ(names_in(tar), "a/\na/file\nb/\nb/link\n");
}

TEST_F(Trees, ReceiveWhatACollectGave)
{
    const std::string tar = bytes_of([&](int output) {
        return chamber().collect({.lowers = {"base"}, .patterns = {"/etc/passwd"}}, output);
    });
    const UniqueFd input = make_sealed_memfd("tar", tar);

    (void)chamber()
        .receive({.lowers = {"base"}, .upper = "received", .destination = "/copy"}, input.get())
        .get();

    Plan look = script("head -n 1 /copy");
    look.lowers = {"received", "base"};
    EXPECT_EQ(run(look).output, "root:x:0:0::/root:/bin/sh\n");
}

TEST_F(Trees, AnswerNonsenseWithAnErrorAndGoOn)
{
    const UniqueFd nonsense = make_sealed_memfd("layer", std::string(100'000, 'x'));

    EXPECT_THROW((void)chamber().unpack("nonsense", {}, nonsense.get()).get(), Error);
    EXPECT_THROW((void)chamber().unpack("../escape", {}, nonsense.get()).get(), Error);
    EXPECT_THROW((void)chamber().freeze("no-such-tree", 0).get(), Error);
    EXPECT_TRUE(run(plan({"true"})).outcome.ok());
}

TEST_F(Trees, AreRemovedThoughNoIdOfTheirsIsOurs)
{
    const Plan step = script("mkdir -p /deep/er && echo x >/deep/er/file");
    ASSERT_TRUE(run(step).outcome.ok());
    ASSERT_TRUE(fs::exists(store() / "trees" / step.upper));

    chamber().remove({step.upper, "no-such-tree"}).get();

    EXPECT_FALSE(fs::exists(store() / "trees" / step.upper));
}

TEST_F(Trees, ComeOutAsTheCallersOwnFiles)
{
    const std::string tar =
        bytes_of([&](int output) { return chamber().collect({.lowers = {"base"}}, output); });
    const UniqueFd input = make_sealed_memfd("tar", tar);
    const TempDirectory destination(fs::temp_directory_path());
    const UniqueFd directory = open_file(destination.path(), O_RDONLY | O_DIRECTORY);

    const TreeStats stats =
        extract_as_caller(checkout::bin() / "caisson-chamber", input.get(), directory.get());

    EXPECT_GT(stats.entries, 10U);
    struct stat entry = {};
    ASSERT_EQ(::stat((destination.path() / "etc/passwd").c_str(), &entry), 0);
    EXPECT_EQ(entry.st_uid, ::geteuid());
    EXPECT_THROW((void)extract_as_caller(checkout::bin() / "caisson-chamber",
                                         make_sealed_memfd("tar", "nonsense").get(),
                                         directory.get()),
                 Error);
}

TEST(Extract, WritesBehindWallsOfItsOwn)
{
    const TempDirectory destination(fs::temp_directory_path());
    const UniqueFd directory = open_file(destination.path(), O_RDONLY | O_DIRECTORY);
    auto [input, input_end] = make_pipe();
    Program extract =
        Program::start({.path = checkout::bin() / "caisson-chamber",
                        .arguments = {kExtractMode},
                        .descriptors = {{kChannelFd, input.get()}, {kTreesFd, directory.get()}}});
    input.reset();
    const auto status = [&] {
        return read_file("/proc/" + std::to_string(extract.pid()) + "/status", 1U << 16);
    };

    // it waits for the first byte; the filter is the last of its walls
    for (int tries = 0; tries < 1000 && status().find("Seccomp:\t2") == std::string::npos; ++tries)
        ::usleep(1000);

    EXPECT_NE(status().find("Seccomp:\t2"), std::string::npos) << status();
    EXPECT_NE(status().find("NoNewPrivs:\t1"), std::string::npos);
    input_end.reset();
    EXPECT_EQ(extract.wait(), 0);
}

} // namespace
} // namespace caisson::sandbox::testing

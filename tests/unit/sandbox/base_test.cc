#include "sandbox/base/base64.hh"
#include "sandbox/base/channel.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace caisson {
namespace {

TEST(Error, TellsTheTrailFromTheOutside)
{
    const auto fail = [] { in_context("enter root", [] { throw SysError(2, "pivot_root"); }); };
    try {
        in_context("start cell", fail);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "start cell: enter root: pivot_root: No such file or directory");
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
    }
}

TEST(Error, SurvivesTheWireWithItsHintAndAnyBytes)
{
    const Error sent(ErrorKind::kHost, "map ids of \"\xff\"", "install uidmap");

    const Error got = error_from_json(error_to_json(sent));

    EXPECT_EQ(got.kind(), ErrorKind::kHost);
    EXPECT_EQ(got.hint(), "install uidmap");
}

TEST(Base64, RoundTripsEveryLength)
{
    std::string bytes;
    for (int length = 0; length < 70; ++length) {
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
        bytes += static_cast<char>(length * 37);
    }
    EXPECT_EQ(base64_encode("\xfb\xff"), "+/8=");
    EXPECT_EQ(base64_decode("-_8"), "\xfb\xff");
}

TEST(Base64, RefusesWhatIsNotCanonical)
{
    for (const char* text : {"A", "AB=C", "A===", "AA=", "AB==", "!!!!", "AAAA="})
        EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}

TEST(File, IsReplacedAsOneStepAndLeavesNoTemporary)
{
    const TempDirectory directory(std::filesystem::temp_directory_path());
    const auto path = directory.path() / "entry.json";

    write_file_atomically(path, "old");
    write_file_atomically(path, "new");

    EXPECT_EQ(read_file(path, 100), "new");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(File, RefusesFifosAndLargeFiles)
{
    const TempDirectory directory(std::filesystem::temp_directory_path());
    ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
    write_file_atomically(directory.path() / "large", std::string(101, 'x'));

    EXPECT_THROW((void)read_file(directory.path() / "fifo", 100), Error);
    EXPECT_THROW((void)read_file(directory.path() / "large", 100), Error);
}

TEST(Channel, CarriesMessagesAndDescriptors)
{
    auto [ours, theirs_fd] = Channel::make_pair();
    const Channel theirs(std::move(theirs_fd));
    auto [read_end, write_end] = make_pipe();

    ours.send("take this", {write_end.get()});
    write_end.reset();
    auto message = theirs.receive();

    ASSERT_TRUE(message);
    EXPECT_EQ(message->text, "take this");
    ASSERT_EQ(message->descriptors.size(), 1U);
    write_all(message->descriptors[0].get(), "hello");
    message->descriptors.clear();
    EXPECT_EQ(read_all(read_end.get(), 100, "pipe"), "hello");
}

TEST(Channel, CarriesMessagesLongerThanASocketHolds)
{
    auto [ours, theirs_fd] = Channel::make_pair();
    const int small = 4096; // as a host with a low net.core.wmem_max
    ASSERT_EQ(::setsockopt(ours.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    const Channel theirs(std::move(theirs_fd));
    auto [read_end, write_end] = make_pipe();
    const std::string text(Channel::kMaxMessage, 'x');

    ours.send(text, {write_end.get()});
    const auto message = theirs.receive();

    ASSERT_TRUE(message);
    EXPECT_EQ(message->text, text);
    EXPECT_EQ(message->descriptors.size(), 1U);
    EXPECT_THROW(ours.send(text + "y"), Error);
}

TEST(Channel, SaysWhenTheOtherSideIsGone)
{
    auto [ours, theirs] = Channel::make_pair();
    theirs.reset();
    EXPECT_EQ(ours.receive(), std::nullopt);
    EXPECT_THROW(ours.send("anyone?"), SysError);
}

TEST(Program, GetsOnlyWhatIsNamed)
{
    ::setenv("LEAKED", "yes", 1);
    const UniqueFd leaked(
        ::open("/", O_RDONLY)); // NOLINT(android-cloexec-open): the leak is the test
    auto [read_end, write_end] = make_pipe();
    ProgramOptions options{
        .path = "/bin/sh",
        .arguments =
            {"-c",
             "echo env: $(env | grep -c LEAKED); ls /proc/self/fd | tr '\\n' ' '; echo fd >&7"},
        .environment = {"PATH=/usr/bin:/bin"},
        .descriptors = {{7, write_end.get()}}};

    const std::string output = run_program(options);
    write_end.reset();

    EXPECT_EQ(output, "env: 0\n0 1 2 3 7 "); // 3: ls reading the directory
    EXPECT_EQ(read_all(read_end.get(), 100, "pipe"), "fd\n");
}

TEST(Program, TellsTheLastLineOfAFailure)
{
    ProgramOptions options{.path = "/bin/sh",
                           .arguments = {"-c", "echo one >&2; echo two >&2; exit 3"}};
    try {
        (void)run_program(options);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "\"/bin/sh\" ended with status 3: two");
    }
}

/// Whether it holds its output open or has closed it.
TEST(Program, IsNotWaitedForForever)
{
    for (const char* script : {"exec sleep 60", "exec >&-; exec sleep 60"}) {
        ProgramOptions options{.path = "/bin/sh", .arguments = {"-c", script}};
        const auto started = std::chrono::steady_clock::now();
        EXPECT_THROW((void)run_to_end(options, 100, std::chrono::milliseconds(100)), Error);
        EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
    }
    EXPECT_EQ(run_to_end({.path = "/bin/true"}, 100, std::chrono::seconds(30)).status, 0);
}

} // namespace
} // namespace caisson

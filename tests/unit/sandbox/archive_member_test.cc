// The runner's side: the reader is not trusted either, since the archive may have taken it over.
#include "sandbox/archive_member.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kArchive = 10'000; ///< bytes, of which no reader here looks at one

class UntrustedReader : public ::testing::Test {
protected:
    void SetUp() override { write_file_atomically(archive(), std::string(kArchive, 'a')); }

    [[nodiscard]] std::string archive() const { return directory_.path() / "archive"; }

    /// What came from a reader that is this shell script, and the error's text if there was one.
    /// Its standard output is the content, descriptor 4 its answer.
    struct Came {
        std::size_t bytes = 0;
        std::string error;
        ErrorKind kind = ErrorKind::kInternal;
    };
    [[nodiscard]] Came come_from(const std::string& script) const
    {
        const std::filesystem::path reader = directory_.path() / "reader";
        write_file_atomically(reader, "#!/bin/sh\n" + script, 0700);
        const UniqueFd file = open_file(archive(), O_RDONLY);
        Came came;
        try {
            read_archive_member(reader, file.get(), "name", [&](std::string_view bytes) {
                came.bytes += bytes.size();
            });
        } catch (const Error& error) {
            came.error = error.what();
            came.kind = error.kind();
        }
        return came;
    }

private:
    TempDirectory directory_{std::filesystem::temp_directory_path()};
};

TEST_F(UntrustedReader, GivesWhatItSaysItGave)
{
    const Came came = come_from("printf 12345; printf '{\"result\":5}' >&4");

    EXPECT_EQ(came.bytes, 5U);
    EXPECT_EQ(came.error, "");
}

TEST_F(UntrustedReader, IsStoppedWhenItGivesMoreThanTheArchiveHas)
{
    const Came came = come_from("while :; do printf '%01000d' 0; done");

    EXPECT_LE(came.bytes, kArchive);
    EXPECT_EQ(came.error, "a file in it is larger than the archive");
    EXPECT_EQ(came.kind, ErrorKind::kInput);
}

TEST_F(UntrustedReader, IsNotBelievedWhenTheCountIsAnother)
{
    for (const char* count : {"4", "-5", "\"5\"", "5.5", "null", "[]", "18446744073709551616"})
        EXPECT_EQ(
            come_from("printf 12345; printf '{\"result\":" + std::string(count) + "}' >&4").error,
            "a file in it came incomplete")
            << count;
}

TEST_F(UntrustedReader, WhoseEndOrSilenceIsAnError)
{
    EXPECT_EQ(come_from("kill -9 $$").error, "its reader ended with status 137");
    EXPECT_EQ(come_from("printf '{\"result\":0}' >&4; exit 3").error,
              "its reader ended with status 3");
    EXPECT_NE(come_from("printf 12345").error, "");
}

TEST_F(UntrustedReader, TellsItsReasonButDrivesNoTerminal)
{
    const Came came = come_from(R"(printf '{"kind":6,"message":"torn \\u001b[2J","hint":7}' >&4)");

    EXPECT_EQ(came.error, "torn \\u{1b}[2J");
    EXPECT_EQ(came.kind, ErrorKind::kInput);
    EXPECT_EQ(come_from("printf '\\033[2J' >&4").error.find('\x1b'), std::string::npos);
}

TEST_F(UntrustedReader, CannotHoldUsUpByALongAnswer)
{
    EXPECT_EQ(come_from("yes >&4").error, "its reader ended with status 1");
}

TEST_F(UntrustedReader, IsNotEvenStartedForWhatIsNoRegularFile)
{
    const UniqueFd zeros = open_file("/dev/zero", O_RDONLY);

    EXPECT_THROW(read_archive_member("/no/reader", zeros.get(), "name", [](auto) {}), Error);
    try {
        read_archive_member("/no/reader", zeros.get(), "name", [](auto) {});
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "it is no regular file");
    }
}

} // namespace
} // namespace caisson::sandbox

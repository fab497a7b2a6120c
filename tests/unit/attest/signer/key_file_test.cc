#include "attest/signer/key_file.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::attest {
namespace {

class KeyFile : public ::testing::Test {
protected:
    /// Why the key is refused, with the hint.
    [[nodiscard]] std::string refusal() const
    {
        try {
            (void)read_key_file(path_);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kInput);
            return error.what();
        }
        return "read";
    }

    const TempDirectory directory_{std::filesystem::temp_directory_path()};
    const std::filesystem::path path_ = directory_.path() / "key.pem";
};

TEST_F(KeyFile, IsMadeForItsOwnerAlone)
{
    const PrivateKey made = write_key_file(path_);

    struct stat status = {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_EQ(read_key_file(path_).public_key().id(), made.public_key().id());
}

TEST_F(KeyFile, IsNeverOverwritten)
{
    (void)write_key_file(path_);
    const std::string before = read_file(path_, 1U << 16);

    EXPECT_THROW(write_key_file(path_), Error);
    EXPECT_EQ(read_file(path_, 1U << 16), before);
}

TEST_F(KeyFile, MustNotBeOpenToOthers)
{
    (void)write_key_file(path_);
    for (const mode_t mode : {0640U, 0604U, 0620U, 0610U}) {
        ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
        EXPECT_NE(refusal().find("is open to other users (hint: chmod 600 " + path_.native() + ")"),
                  std::string::npos)
            << refusal();
    }
    ASSERT_EQ(::chmod(path_.c_str(), 0400), 0);
    EXPECT_EQ(refusal(), "read");
}

TEST_F(KeyFile, MustBeAFile)
{
    EXPECT_NE(refusal().find("No such file"), std::string::npos);
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_NE(refusal().find("is not a regular file"), std::string::npos);
}

TEST_F(KeyFile, MustHoldAKeyThatCaissonSignsWith)
{
    write_file_atomically(path_, "-----BEGIN PRIVATE KEY-----\nAAAA\n", 0600);
    EXPECT_NE(refusal().find("no private key in PEM form"), std::string::npos);

    write_file_atomically(path_, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", 0600);
    EXPECT_NE(refusal().find("is encrypted"), std::string::npos);
}

} // namespace
} // namespace caisson::attest

#include "attest/signer/signed_list.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::attest {
namespace {

constexpr const char* kFirst = "urn:uuid:0d5b7c1c-2f41-4c0f-9a0e-6a7d1f0b9c55";
constexpr const char* kSecond = "urn:uuid:0d5b7c1c-2f41-4c0f-9a0e-6a7d1f0b9c56";

class SignedListTest : public ::testing::Test {
protected:
    const TempDirectory directory_{std::filesystem::temp_directory_path()};
    const std::filesystem::path key_ = directory_.path() / "key.pem";
    const std::filesystem::path list_ = directory_.path() / "key.pem.signed";
};

TEST_F(SignedListTest, TakesEachInvocationOnce)
{
    const SignedList list = SignedList::open_beside(key_);
    list.add(kFirst);
    list.add(kSecond);

    EXPECT_THROW(list.add(kFirst), Error);
    EXPECT_EQ(read_file(list_, 1000), std::string(kFirst) + '\n' + kSecond + '\n');
}

TEST_F(SignedListTest, SeesWhatAnotherSignerAddedMeanwhile)
{
    const SignedList one = SignedList::open_beside(key_);
    const SignedList other = SignedList::open_beside(key_);
    one.add(kFirst);

    EXPECT_THROW(other.add(kFirst), Error);
    other.add(kSecond);
    EXPECT_THROW(one.add(kSecond), Error);
}

TEST_F(SignedListTest, OutlivesALineThatWasCutShort)
{
    write_file_atomically(list_, std::string(kFirst) + "\nurn:uuid:0d5b", 0600);
    const SignedList list = SignedList::open_beside(key_);

    list.add(kSecond);

    EXPECT_THROW(list.add(kFirst), Error);
    EXPECT_THROW(list.add(kSecond), Error);
}

TEST_F(SignedListTest, IsForItsOwnerAndFollowsNoLink)
{
    (void)SignedList::open_beside(key_);
    struct stat status = {};
    ASSERT_EQ(::stat(list_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);

    std::filesystem::remove(list_);
    std::filesystem::create_symlink(directory_.path() / "elsewhere", list_);
    EXPECT_THROW((void)SignedList::open_beside(key_), Error);
}

} // namespace
} // namespace caisson::attest

#include "fixture.hh"

#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/xattr.h>
#include <thread>

namespace caisson::runner {

using ::testing::HasSubstr;

void StoreTest::pretend_earlier_boot(const std::filesystem::path& blob)
{
    if (::setxattr(blob.c_str(), "user.caisson.boot", "x", 1, 0) != 0)
        GTEST_SKIP() << "no user attributes on " << blob;
}

namespace {

void flip_a_byte(const std::filesystem::path& path)
{
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    char byte = 0;
    file.seekg(3).get(byte);
    file.seekp(3).put(static_cast<char>(byte ^ 1));
}

TEST_F(StoreTest, GivesBackABlobByItsDigest)
{
    const attest::Digest digest = store->put_blob("hello");

    EXPECT_EQ(digest, attest::Digest::of("hello"));
    EXPECT_TRUE(store->has_blob(digest));
    EXPECT_TRUE(store->has_blob(digest, 5));
    EXPECT_EQ(store->read_blob(digest), "hello");
    EXPECT_EQ(read_all(store->open_blob(digest).get(), 100, "blob"), "hello");
}

TEST_F(StoreTest, RefusesABlobThatIsNotWhatWasExpected)
{
    BlobWriter writer = store->new_blob();
    writer.write("not it");

    error_of(ErrorKind::kInput, [&] { writer.commit(attest::Digest::of("it")); });

    EXPECT_FALSE(store->has_blob(attest::Digest::of("not it")));
    EXPECT_TRUE(std::filesystem::is_empty(root / "tmp"));
}

TEST_F(StoreTest, ForgetsABlobThatWasNotCommitted)
{
    {
        BlobWriter writer = store->new_blob();
        writer.write("half");
        EXPECT_FALSE(std::filesystem::is_empty(root / "tmp"));
    }
    EXPECT_TRUE(std::filesystem::is_empty(root / "tmp"));
    EXPECT_TRUE(std::filesystem::is_empty(root / "blobs/sha256"));
}

TEST_F(StoreTest, NamesTheBlobThatIsMissing)
{
    const attest::Digest digest = attest::Digest::of("absent");
    const std::string message =
        error_of(ErrorKind::kInput, [&] { (void)store->read_blob(digest); });
    EXPECT_THAT(message, HasSubstr(digest.text() + " is missing"));
}

TEST_F(StoreTest, MissesATruncatedBlob)
{
    const attest::Digest digest = store->put_blob("hello");
    std::filesystem::resize_file(blob_path(digest), 4);

    EXPECT_FALSE(store->has_blob(digest, 5));
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)store->read_blob(digest); }),
                HasSubstr("damaged"));
    EXPECT_EQ(store->put_blob("hello"), digest) << "and mends it when it comes again";
    EXPECT_EQ(store->read_blob(digest), "hello");
}

TEST_F(StoreTest, ChecksABlobOfAnEarlierBootAndNotesThat)
{
    const attest::Digest whole = store->put_blob("whole blob");
    const attest::Digest damaged = store->put_blob("damaged blob");
    pretend_earlier_boot(blob_path(whole));
    if (IsSkipped()) return;
    pretend_earlier_boot(blob_path(damaged));
    flip_a_byte(blob_path(damaged));

    EXPECT_TRUE(store->has_blob(whole));
    EXPECT_FALSE(store->has_blob(damaged, 12));
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)store->open_blob(damaged); }),
                HasSubstr("damaged"));

    char mark[64] = {};
    EXPECT_EQ(::getxattr(blob_path(whole).c_str(), "user.caisson.boot", mark, sizeof mark), 36);
}

TEST_F(StoreTest, LeavesThePositionOfABlobThatItChecked)
{
    const attest::Digest digest = store->put_blob("read me from the start");
    pretend_earlier_boot(blob_path(digest));
    if (IsSkipped()) return;

    EXPECT_EQ(read_all(store->open_blob(digest).get(), 100, "blob"), "read me from the start");
}

TEST_F(StoreTest, TakesBlobsFromManyThreads)
{
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread)
        threads.emplace_back([&, thread] {
            for (int number = 0; number < 50; ++number)
                store->put_blob("blob " + std::to_string(number * (thread % 2 + 1)));
        });
    for (std::thread& thread : threads)
        thread.join();

    for (int number = 0; number < 50; ++number) {
        const std::string bytes = "blob " + std::to_string(number);
        EXPECT_EQ(store->read_blob(attest::Digest::of(bytes)), bytes);
    }
    EXPECT_TRUE(std::filesystem::is_empty(root / "tmp"));
}

} // namespace
} // namespace caisson::runner

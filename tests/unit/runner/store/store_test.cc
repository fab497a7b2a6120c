#include "fixture.hh"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <thread>
#include <unistd.h>

namespace caisson::runner {
namespace {

using ::testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& path)
{
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
}

TEST_F(StoreTest, IsForItsUserAloneButForTheTreesBelow)
{
    EXPECT_EQ(mode_of(root), 0700U);
    EXPECT_EQ(mode_of(root / "trees"), 0777U);
    EXPECT_EQ(read_file(root / "version", 100), "caisson-store 1\n");
}

TEST_F(StoreTest, OpensAgain)
{
    store->put_blob("kept");
    reopen();
    EXPECT_EQ(store->read_blob(attest::Digest::of("kept")), "kept");
}

TEST_F(StoreTest, IsMadeOnceByManyAtATime)
{
    const auto fresh = directory.path() / "fresh";
    std::vector<std::thread> threads;
    for (int count = 0; count < 8; ++count)
        threads.emplace_back([&] { EXPECT_NO_THROW((void)Store::open(fresh)); });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_NO_THROW(Store::open(fresh)->put_blob("works"));
}

TEST_F(StoreTest, GoesOnWhereAKilledProcessBeganToMakeOne)
{
    const auto begun = directory.path() / "begun";
    std::filesystem::create_directories(begun / "blobs");
    write_file_atomically(begun / "lock", "");

    EXPECT_NO_THROW(Store::open(begun)->put_blob("works"));
}

TEST_F(StoreTest, RefusesADirectoryWithOtherThings)
{
    const auto foreign = directory.path() / "photos";
    std::filesystem::create_directory(foreign);
    write_file_atomically(foreign / "beach.jpg", "");

    const std::string message = error_of(ErrorKind::kInput, [&] { (void)Store::open(foreign); });

    EXPECT_THAT(message, HasSubstr("photos"));
    EXPECT_THAT(message, HasSubstr("hint: set CAISSON_STORE"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(foreign), {}), 1);
}

TEST_F(StoreTest, RefusesAVersionItDoesNotKnow)
{
    std::ofstream(root / "version") << "caisson-store 9\n";
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)Store::open(root); }),
                HasSubstr("version"));
}

TEST_F(StoreTest, RefusesAFileInItsPlace)
{
    const auto file = directory.path() / "file";
    write_file_atomically(file, "");
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)Store::open(file); }), HasSubstr("file"));
}

TEST_F(StoreTest, RefusesTheStoreOfAnotherUser)
{
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
    ASSERT_EQ(::chown(root.c_str(), 1, 1), 0);
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)Store::open(root); }),
                HasSubstr("belongs to user 1"));
}

TEST(StorePath, FollowsTheEnvironment)
{
    ::setenv("CAISSON_STORE", "/srv/store", 1);
    EXPECT_EQ(Store::default_path(), "/srv/store");
    ::setenv("CAISSON_STORE", "here", 1);
    EXPECT_EQ(Store::default_path(), std::filesystem::current_path() / "here");
    ::unsetenv("CAISSON_STORE");
    ::setenv("XDG_DATA_HOME", "/home/user/data", 1);
    const std::string expected = ::geteuid() == 0 ? "/var/lib/caisson" : "/home/user/data/caisson";
    EXPECT_EQ(Store::default_path(), expected);
}

} // namespace
} // namespace caisson::runner

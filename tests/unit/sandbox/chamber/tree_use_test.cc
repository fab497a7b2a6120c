#include "sandbox/base/file.hh"
#include "sandbox/chamber/tree_use.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr TreeUse kNoLimit = {.bytes = ~std::uint64_t{0}, .files = ~std::uint64_t{0}};

class TreeUseOf : public ::testing::Test {
protected:
    void write(const std::string& name, std::size_t size) const
    {
        write_file_atomically(path(name), std::string(size, 'x'));
    }
    [[nodiscard]] fs::path path(const std::string& name) const { return root_.path() / name; }
    [[nodiscard]] TreeUse count(const TreeUse& most = kNoLimit) const
    {
        return count_tree(open_file(root_.path(), O_RDONLY | O_DIRECTORY).get(), most);
    }

private:
    TempDirectory root_{fs::temp_directory_path()};
};

TEST_F(TreeUseOf, CountsWhatIsInItAtAnyDepth)
{
    EXPECT_EQ(count().files, 0U);
    fs::create_directories(path("a/b"));
    write("a/b/file", 100'000);
    fs::create_symlink("/etc", path("link")); // not followed

    const TreeUse use = count();

    EXPECT_EQ(use.files, 4U);
    EXPECT_GE(use.bytes, 100'000U);
    EXPECT_LT(use.bytes, 150'000U);
    EXPECT_TRUE(use.whole);
}

TEST_F(TreeUseOf, CountsBlocksAndNotLengths)
{
    const UniqueFd hole = open_file(path("hole"), O_RDWR | O_CREAT, 0600);
    ASSERT_EQ(::ftruncate(hole.get(), 1LL << 40), 0);

    EXPECT_LT(count().bytes, 1U << 20);
}

TEST_F(TreeUseOf, CountsAFileOfSeveralNamesOnce)
{
    write("file", 1U << 20);
    const TreeUse before = count();
    fs::create_hard_link(path("file"), path("other"));

    EXPECT_EQ(count().files, before.files);
    EXPECT_EQ(count().bytes, before.bytes);
}

TEST_F(TreeUseOf, GoesDeeperThanAPathMayBeLong)
{
    const UniqueFd top = open_file(path("."), O_RDONLY | O_DIRECTORY);
    UniqueFd here = open_file(path("."), O_RDONLY | O_DIRECTORY);
    constexpr int kDepth = 3000;
    for (int level = 0; level < kDepth; ++level) {
        ASSERT_EQ(::mkdirat(here.get(), "d", 0700), 0);
        here = open_file_at(here.get(), "d", O_RDONLY | O_DIRECTORY);
    }
    write_all(open_file_at(here.get(), "file", O_RDWR | O_CREAT, 0600).get(),
              std::string(1U << 20, 'x'));

    const TreeUse use = count();

    EXPECT_EQ(use.files, kDepth + 1U);
    EXPECT_GE(use.bytes, 1U << 20);
    // what remove_all cannot reach by a path
    ASSERT_EQ(::unlinkat(here.get(), "file", 0), 0);
    for (int level = 0; level < kDepth; ++level) {
        here = open_file_at(here.get(), "..", O_RDONLY | O_DIRECTORY);
        ASSERT_EQ(::unlinkat(here.get(), "d", AT_REMOVEDIR), 0);
    }
}

TEST_F(TreeUseOf, StopsOnceThereIsMoreThanTheCallerWantsToKnow)
{
    for (int file = 0; file < 100; ++file)
        write(std::to_string(file), 10);

    const TreeUse use = count({.bytes = ~std::uint64_t{0}, .files = 10});

    EXPECT_EQ(use.files, 11U);
    EXPECT_FALSE(use.whole);
}

TEST_F(TreeUseOf, IsToldByTheFileSystemsBooksToo)
{
    const UniqueFd root = open_file(path("."), O_RDONLY | O_DIRECTORY);
    const Space before = space_left(root.get());
    if (!before.prompt) GTEST_SKIP() << "this file system tells late";
    write("file", 64U << 20);

    EXPECT_LE(space_left(root.get()).bytes + (32U << 20), before.bytes);
}

} // namespace
} // namespace caisson::sandbox

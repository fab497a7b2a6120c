#include "sandbox/base/file.hh"
#include "sandbox/chamber/process_use.hh"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

using namespace std::chrono_literals;

TEST(ProcessUse, IsReadFromAStatLineWhateverTheNameHolds)
{
    ProcessUse use;
    ASSERT_TRUE(parse_stat("17 (a) R 1 1 ) b) S 5 17 17 0 -1 4194560 100 200 0 0 150 50 300 100 20 "
                           "0 3 0 1000 1 2\n",
                           100,
                           use));

    EXPECT_EQ(use.parent, 5);
    EXPECT_EQ(use.own_cpu, 2s);
    EXPECT_EQ(use.children_cpu, 4s);
    EXPECT_EQ(use.tasks, 3U);
}

TEST(ProcessUse, RefusesWhatIsNoStatLine)
{
    ProcessUse use;
    for (const char* text :
         {"", "17 name S 5", "17 (name", "17 (name) S 5 17", "17 (name) S x 1 1 1"})
        EXPECT_FALSE(parse_stat(text, 100, use)) << text;
}

TEST(ProcessUse, SumsTheLinesThatItIsAskedFor)
{
    const std::string text = "Name:\tRssAnon: 5 kB\nRssAnon:\t     100 kB\nRssFile:\t  7 kB\n"
                             "VmSwap:\t  3 kB\nVmPTE:\t junk kB\n";

    EXPECT_EQ(sum_of_lines(text, {"RssAnon:", "VmSwap:", "VmPTE:"}), 103U * 1024);
    EXPECT_EQ(sum_of_lines("", {"RssAnon:"}), 0U);
}

TEST(ProcessUse, BelongsToACellByItsAncestors)
{
    const std::vector<ProcessUse> all = {{.pid = 1, .parent = 0},
                                         {.pid = 5, .parent = 1},
                                         {.pid = 6, .parent = 5},
                                         {.pid = 7, .parent = 6},
                                         {.pid = 8, .parent = 1},
                                         {.pid = 9, .parent = 10}, // a loop, as of two moments
                                         {.pid = 10, .parent = 9}};

    std::vector<pid_t> pids;
    for (const ProcessUse& use : processes_below(all, 5))
        pids.push_back(use.pid);

    EXPECT_EQ(pids, (std::vector<pid_t>{5, 6, 7}));
    EXPECT_TRUE(processes_below(all, 99).empty());
}

class OwnProcesses : public ::testing::Test {
protected:
    [[nodiscard]] ProcessUse own() const
    {
        const auto all = read_processes(procfs());
        const auto found = std::find_if(
            all.begin(), all.end(), [](const ProcessUse& use) { return use.pid == ::getpid(); });
        return found == all.end() ? ProcessUse{} : *found;
    }
    [[nodiscard]] int procfs() const { return procfs_.get(); }

private:
    UniqueFd procfs_ = open_file("/proc", O_RDONLY | O_DIRECTORY);
};

TEST_F(OwnProcesses, ShowMemoryThatIsTouched)
{
    constexpr std::size_t kSize = 64U << 20;
    const ProcessUse before = own();
    ASSERT_EQ(before.parent, ::getppid());
    void* pages = ::mmap(
        nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ASSERT_NE(pages, MAP_FAILED);

    const ProcessUse after = own();
    const auto share = proportional_memory(procfs(), after);
    ::munmap(pages, kSize);

    EXPECT_GE(after.memory_bytes, before.memory_bytes + kSize / 10 * 9);
    ASSERT_TRUE(share);
    EXPECT_GE(*share, kSize / 10 * 9);
}

TEST_F(OwnProcesses, ShowFilesThatHaveNoName)
{
    const auto count = [&] { return nameless_files(procfs(), {own()}); };
    const NamelessFiles before = count();
    const UniqueFd memory(::memfd_create("test", MFD_CLOEXEC));
    const TempDirectory directory(std::filesystem::temp_directory_path());
    const UniqueFd disk = open_file(directory.path() / "file", O_RDWR | O_CREAT, 0600);
    const UniqueFd again = open_file(directory.path() / "file", O_RDONLY);
    const std::string bytes(1U << 20, 'x');
    write_all(memory.get(), bytes);
    write_all(disk.get(), bytes);
    EXPECT_EQ(count().disk_files, before.disk_files); // it still has a name
    std::filesystem::remove(directory.path() / "file");

    const NamelessFiles after = count();

    EXPECT_GE(after.memory_bytes, before.memory_bytes + bytes.size());
    EXPECT_GE(after.disk_bytes, before.disk_bytes + bytes.size());
    EXPECT_EQ(after.disk_files, before.disk_files + 1); // open twice, there once
}

TEST_F(OwnProcesses, AreNoneWhereAProcessHasEnded)
{
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);

    EXPECT_FALSE(proportional_memory(procfs(), {.pid = child}));
    EXPECT_EQ(nameless_files(procfs(), {{.pid = child}}).disk_files, 0U);
}

} // namespace
} // namespace caisson::sandbox

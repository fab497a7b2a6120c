// Groups are directories: what does not need the kernel's files in them is shown on ordinary ones.
#include "sandbox/base/file.hh"
#include "sandbox/cgroup/group.hh"
#include "sandbox/cgroup/sweep.hh"

#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;

class Groups : public ::testing::Test {
protected:
    [[nodiscard]] fs::path path(const std::string& name) const { return place_.path() / name; }
    [[nodiscard]] int place() const { return open_.get(); }

private:
    TempDirectory place_{fs::temp_directory_path()};
    UniqueFd open_ = open_file(place_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(Groups, AreMadeAndRemoved)
{
    {
        const auto group = Group::try_make(place(), "g");
        ASSERT_TRUE(group);
        EXPECT_TRUE(fs::is_directory(path("g")));
        EXPECT_FALSE(Group::try_make(place(), "g"));
    }
    EXPECT_FALSE(fs::exists(path("g")));
}

TEST_F(Groups, SayWhichFilesTheyHave)
{
    const auto group = Group::try_make(place(), "g");
    ASSERT_TRUE(group);
    write_file_atomically(path("g/pids.max"), "max\n");

    EXPECT_EQ(group->try_read("pids.max"), "max\n");
    EXPECT_EQ(group->try_read("memory.max"), std::nullopt);
    EXPECT_TRUE(group->try_write("pids.max", 7));
    EXPECT_FALSE(group->try_write("memory.max", 7));
    fs::remove(path("g/pids.max"));
}

TEST_F(Groups, AreSweptWhenNobodyHoldsThem)
{
    fs::create_directories(path("caisson.dead/step.1"));
    fs::create_directories(path("caisson.dead/chamber"));
    fs::create_directories(path("another"));

    sweep_groups(place());

    EXPECT_FALSE(fs::exists(path("caisson.dead")));
    EXPECT_TRUE(fs::exists(path("another")));
}

TEST_F(Groups, AreLeftAloneWhileTheirMakerLives)
{
    auto [ready, ready_end] = make_pipe();
    const pid_t maker = ::fork();
    ASSERT_GE(maker, 0);
    if (maker == 0) {
        const auto group = Group::try_make(place(), "caisson.live");
        const bool locked = group && group->try_lock();
        (void)!::write(ready_end.get(), locked ? "y" : "n", 1);
        ::pause();
        ::_exit(0);
    }
    char word = 0;
    ASSERT_EQ(::read(ready.get(), &word, 1), 1);
    ASSERT_EQ(word, 'y');

    sweep_groups(place());
    EXPECT_TRUE(fs::exists(path("caisson.live")));

    ::kill(maker, SIGKILL); // no destructor of its own runs
    ::waitpid(maker, nullptr, 0);
    EXPECT_TRUE(fs::exists(path("caisson.live")));
    sweep_groups(place());
    EXPECT_FALSE(fs::exists(path("caisson.live")));
}

TEST_F(Groups, KnowWhenASweepWasQuicker)
{
    const auto group = Group::try_make(place(), "caisson.late");
    ASSERT_TRUE(group);
    sweep_groups(place());
    const auto other = Group::try_make(place(), "caisson.late"); // the name alone says nothing
    ASSERT_TRUE(other);

    EXPECT_FALSE(group->try_lock());
    EXPECT_TRUE(other->try_lock());
}

TEST(NumberIn, ReadsWhatGroupsSay)
{
    EXPECT_EQ(number_in("4096\n"), 4096U);
    EXPECT_EQ(number_in("max\n"), std::nullopt);
    EXPECT_EQ(number_in(""), std::nullopt);
    EXPECT_EQ(number_in("low 0\nmax 3\noom_kill 5\noom_group_kill 7\n", "oom_kill"), 5U);
    EXPECT_EQ(number_in("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", "oom_kill"), 2U);
    EXPECT_EQ(number_in("oom 1\n", "oom_kill"), std::nullopt);
    EXPECT_EQ(number_in("max 99999999999999999999999\n", "max"), std::nullopt);
}

TEST(HasWord, TellsWholeWordsOnly)
{
    EXPECT_TRUE(has_word("cpuset cpu io memory pids\n", "cpu"));
    EXPECT_TRUE(has_word("memory\n", "memory"));
    EXPECT_FALSE(has_word("cpuset cpuacct\n", "cpu"));
    EXPECT_FALSE(has_word("", "cpu"));
}

} // namespace
} // namespace caisson::sandbox

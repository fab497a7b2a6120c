#include "fixture.hh"

#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Runs `body` in a child that is then killed, as `kill -9` would.
template<class Body>
void in_killed_process(Body&& body)
{
    const pid_t child = ::fork();
    if (child == 0) {
        body();
        (void)::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child could not do its part: " << status;
}

TEST_F(StoreTest, NamesEachTreeOnce)
{
    const auto other = Store::open(root);
    std::set<std::string> names;
    for (int count = 0; count < 20; ++count)
        for (Store* each : {store.get(), other.get()})
            EXPECT_TRUE(names.insert(each->new_tree()).second);
}

TEST_F(StoreTest, CallsATreeOfABuildThatWasKilledALeftover)
{
    std::string tree;
    std::string kept;
    auto [read_end, write_end] = make_pipe();
    const int pipe = write_end.get();
    in_killed_process([&] {
        const auto dying = Store::open(root);
        for (int count = 0; count < 2; ++count) {
            const std::string name = dying->new_tree();
            ::mkdirat(dying->trees(), name.c_str(), 0755);
            write_all(pipe, name + "\n");
            if (count == 1) dying->put_layer_tree(attest::Digest::of("chain"), {.tree = name});
        }
    });
    write_end.reset();
    const std::string names = read_all(read_end.get(), 100, "names");
    tree = names.substr(0, names.find('\n'));
    kept = names.substr(names.find('\n') + 1, tree.size());

    EXPECT_THAT(store->leftover_trees(), ElementsAre(tree));
    EXPECT_TRUE(store->has_tree(kept));
    store->forget_leftovers();
    EXPECT_THAT(store->leftover_trees(), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(root / "builds"));
}

TEST_F(StoreTest, LeavesTheTreesOfARunningBuildAlone)
{
    const auto running = Store::open(root);
    const std::string tree = running->new_tree();
    make_tree(tree);

    EXPECT_THAT(store->leftover_trees(), IsEmpty());
}

TEST_F(StoreTest, LeavesNothingToRemoveAfterABuildThatEndedWell)
{
    make_tree(store->new_tree());
    store->end_build();
    reopen();

    EXPECT_THAT(store->leftover_trees(), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(root / "builds"));
}

TEST_F(StoreTest, LetsOneBuildAtATimeRemoveLeftovers)
{
    in_killed_process([&] {
        const auto dying = Store::open(root);
        ::mkdirat(dying->trees(), dying->new_tree().c_str(), 0755);
    });
    const auto other = Store::open(root);

    EXPECT_EQ(store->leftover_trees().size(), 1U);
    EXPECT_THAT(other->leftover_trees(), IsEmpty());
}

TEST_F(StoreTest, SweepsWhatAKilledWriterLeft)
{
    in_killed_process([&] {
        const auto dying = Store::open(root);
        auto* writer = new BlobWriter(dying->new_blob()); // never destroyed: the kill comes first
        writer->write("half a blob");
    });
    BlobWriter alive = store->new_blob();
    alive.write("a whole one");
    ASSERT_EQ(std::distance(std::filesystem::directory_iterator(root / "tmp"), {}), 2);

    (void)Store::open(root)->leftover_trees();

    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root / "tmp"), {}), 1);
    EXPECT_EQ(alive.commit().digest, attest::Digest::of("a whole one"));
}

TEST_F(StoreTest, NeverTakesAPathForATree)
{
    std::filesystem::create_directory(root / "trees/x");
    for (const char* name : {"", ".", "..", "../trees", "x", "0123abcd", "0123abcd.", "0123abcd./"})
        EXPECT_FALSE(store->has_tree(name)) << name;
}

} // namespace
} // namespace caisson::runner

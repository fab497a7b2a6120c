#include "sandbox/base/error.hh"
#include "sandbox/chamber/confined_path.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"
#include "tree_environment.hh"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TreeStore;

class Overlay : public ::testing::Test {
protected:
    /// The content of /f, and what trying to write says.
    nlohmann::json look(const WorkerView& view)
    {
        return store.work(view, "", [](int root, int) {
            const auto file = sys::openat2_if_present(root, "f", O_RDONLY, RESOLVE_BENEATH);
            std::string error;
            try {
                (void)sys::mkdirat(root, "new", 0755);
            } catch (const SysError& refused) {
                error = error_text(refused.number());
            }
            return nlohmann::json(
                       {file ? read_all(file->get(), 100, "f") : std::string("none"), error})
                .dump();
        })["result"];
    }

    void write(const std::string& tree, const std::string& content)
    {
        std::ofstream(store.tree(tree) / "f") << content;
    }

    TreeStore store;
};

TEST_F(Overlay, ShowsTheTopmostOfManyLayers)
{
    WorkerView view{.upper = "upper"};
    (void)store.tree("upper");
    for (int layer = 0; layer < 200; ++layer) {
        const std::string id = "layer-with-a-long-name-" + std::to_string(layer);
        write(id, std::to_string(layer));
        view.lowers.insert(view.lowers.begin(), id);
    }

    EXPECT_EQ(look(view), nlohmann::json({"199", ""}));
    EXPECT_TRUE(fs::is_directory(store.tree("upper") / "new"));
}

TEST_F(Overlay, IsReadOnlyWithoutAnUpper)
{
    write("a", "a");
    write("b", "b");

    EXPECT_EQ(look({.lowers = {"a", "b"}}), nlohmann::json({"a", "Read-only file system"}));
    EXPECT_EQ(look({.lowers = {"b"}}), nlohmann::json({"b", "Read-only file system"}));
    EXPECT_EQ(look({}), nlohmann::json({"none", "Read-only file system"}));
}

TEST_F(Overlay, IsThePlainTreeWithoutLowers)
{
    write("a", "a");

    EXPECT_EQ(look({.upper = "a"}), nlohmann::json({"a", ""}));
}

TEST_F(Overlay, TakesTheSameUpperAgain)
{
    write("lower", "x");
    (void)store.tree("upper");

    EXPECT_EQ(look({.lowers = {"lower"}, .upper = "upper"}), nlohmann::json({"x", ""}));
    EXPECT_EQ(look({.lowers = {"lower"}, .upper = "upper"}), nlohmann::json({"x", ""}));
}

TEST_F(Overlay, LosesItsWorkDirectory)
{
    write("lower", "x");
    const fs::path upper = store.tree("upper");
    (void)look({.lowers = {"lower"}, .upper = "upper"});
    ASSERT_TRUE(fs::exists(upper.parent_path() / "work"));

    remove_work(store.trees(), "upper");
    remove_work(store.trees(), "upper");

    EXPECT_FALSE(fs::exists(upper.parent_path() / "work"));
}

TEST_F(Overlay, RefusesMoreLayersThanTheKernelTakes)
{
    const WorkerView view{.lowers = std::vector<std::string>(501, "a"), .upper = "b"};

    const auto answer = store.work(view, "", [](int, int) { return "0"; });

    EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("501 layers"));
}

TEST_F(Overlay, CannotLieOnAnother)
{
    // a store on overlayfs, as in a container: here one mounted for the purpose
    const TempDirectory place(fs::temp_directory_path());
    write("lower", "x");
    (void)store.tree("upper");
    mount_tree(store.trees(), {"lower"}, "upper", place.path().c_str());
    const UniqueFd trees = open_file(place.path(), O_RDONLY | O_DIRECTORY);

    try {
        check_trees(trees.get());
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kHost);
        EXPECT_THAT(error.hint(), HasSubstr("CAISSON_STORE"));
    }
    EXPECT_NO_THROW(check_trees(store.trees()));
    sys::umount2(place.path().c_str(), MNT_DETACH);
}

TEST(MakeTree, RefusesANameThatIsTaken)
{
    TreeStore store;
    (void)store.tree("t");

    EXPECT_THROW(make_tree(store.trees(), "t"), Error);
    EXPECT_THROW(make_tree(store.trees(), "a/b"), Error);
    EXPECT_THROW(make_tree(store.trees(), ""), Error);
}

TEST(RemoveTree, GoesDeeperThanDescriptorsReach)
{
    const TempDirectory directory(fs::temp_directory_path());
    const UniqueFd top = open_file(directory.path(), O_RDONLY | O_DIRECTORY);
    UniqueFd here = open_file(directory.path(), O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(sys::mkdirat(here.get(), "top", 0755));
    here = open_file_at(here.get(), "top", O_RDONLY | O_DIRECTORY);
    for (int level = 0; level < 1500; ++level) {
        ASSERT_TRUE(sys::mkdirat(here.get(), "d", 0));
        here = open_file_at(here.get(), "d", O_RDONLY | O_DIRECTORY);
    }

    remove_tree(top.get(), "top");

    EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(RemoveTree, DoesNotFollowLinksOrLeaveItsMount)
{
    const TempDirectory directory(fs::temp_directory_path());
    fs::create_directories(directory.path() / "victim");
    fs::create_directories(directory.path() / "top/mounted");
    std::ofstream(directory.path() / "victim/file") << "alive";
    fs::create_symlink("../victim", directory.path() / "top/link");
    fs::create_symlink("/", directory.path() / "top/root");
    const UniqueFd parent = open_file(directory.path(), O_RDONLY | O_DIRECTORY);
    const std::string mounted = directory.path() / "top/mounted";
    sys::mount((directory.path() / "victim").c_str(), mounted.c_str(), nullptr, MS_BIND, nullptr);

    EXPECT_THROW(remove_tree(parent.get(), "top"), SysError);
    sys::umount2(mounted.c_str(), MNT_DETACH);
    remove_tree(parent.get(), "top");
    remove_tree(parent.get(), "never-there");

    EXPECT_FALSE(fs::exists(directory.path() / "top"));
    EXPECT_EQ(testing::content_of(directory.path() / "victim/file"), "alive");
}

TEST(ConfinedPath, IsNormalised)
{
    EXPECT_EQ(normalised("//a/./b//"), "a/b");
    EXPECT_EQ(normalised("./"), "");
    EXPECT_EQ(normalised("..."), "...");
    EXPECT_THROW((void)normalised("a/.."), Error);
}

TEST(ConfinedPath, ResolvesLinksInsideTheRoot)
{
    const TempDirectory directory(fs::temp_directory_path());
    fs::create_directories(directory.path() / "a/b");
    fs::create_symlink("/a", directory.path() / "absolute");
    fs::create_symlink("../../..", directory.path() / "a/b/up");
    fs::create_symlink("missing/deep", directory.path() / "dangling");
    const UniqueFd root = open_file(directory.path(), O_RDONLY | O_DIRECTORY);

    EXPECT_EQ(resolved(root.get(), "/absolute/b/up/absolute"), "a");
    EXPECT_EQ(resolved(root.get(), "dangling/x"), "missing/deep/x");
    EXPECT_EQ(resolved(root.get(), "../../.."), "");
}

TEST(Quoted, LetsNoNameSpeakToATerminal)
{
    EXPECT_EQ(sys::quoted("a\x1b[31m\"\\\xff"), "\"a\\x1b[31m\\\"\\\\\\xff\"");
}

} // namespace
} // namespace caisson::sandbox

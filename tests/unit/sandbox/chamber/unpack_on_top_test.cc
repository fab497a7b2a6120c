// Layers on top of lower ones: whiteouts, links into them, and what overlayfs makes of it.
#include "sandbox/chamber/trees.hh"
#include "tests/support/tar_builder.hh"
#include "tree_environment.hh"

#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::TarBuilder;
using testing::TreeStore;

/// On top of lower layers, as real images are unpacked.
class UnpackOnTop : public ::testing::Test {
protected:
    nlohmann::json unpack(const std::string& layer)
    {
        (void)store.tree("top");
        return store.work({.lowers = {"lower"}, .upper = "top"}, layer, [](int root, int stream) {
            return std::to_string(unpack_layer(root, stream).entries);
        });
    }

    /// Of the merged view, or of the raw upper tree.
    nlohmann::json names(const WorkerView& view)
    {
        return store.work(view, "", [](int, int) {
            nlohmann::json found = nlohmann::json::array();
            for (const auto& entry : fs::recursive_directory_iterator("/"))
                found.push_back(entry.path().native());
            std::sort(found.begin(), found.end());
            return found.dump();
        })["result"];
    }
    nlohmann::json merged() { return names({.lowers = {"top", "lower"}}); }

    TreeStore store;
};

TEST_F(UnpackOnTop, TurnsWhiteoutsIntoOverlaysOwn)
{
    const fs::path lower = store.tree("lower");
    fs::create_directories(lower / "gone/deep");
    fs::create_directories(lower / "opaque/deep");
    write_file_atomically(lower / "opaque/old", "x");
    write_file_atomically(lower / "kept", "x");

    const auto answer = unpack(TarBuilder()
                                   .file(".wh.gone")
                                   .file("opaque/new")
                                   .file("opaque/.wh..wh..opq")
                                   .file(".wh.never-there")
                                   .finish());

    EXPECT_EQ(answer["result"], 4);
    EXPECT_EQ(merged(), nlohmann::json({"/kept", "/opaque", "/opaque/new"}));
}

TEST_F(UnpackOnTop, KeepsWhatTheLayerBroughtBeforeItsWhiteout)
{
    write_file_atomically(store.tree("lower") / "x", "old");

    unpack(TarBuilder().file("x", "new").file(".wh.x").file("d/y").file(".wh.d").finish());

    EXPECT_EQ(merged(), nlohmann::json({"/d", "/d/y", "/x"}));
}

TEST_F(UnpackOnTop, FindsAHardLinksTargetInALowerLayer)
{
    write_file_atomically(store.tree("lower") / "tool", "elf");

    const auto answer = unpack(TarBuilder().hard_link("alias", "tool").finish());

    EXPECT_EQ(answer["result"], 1) << answer;
    EXPECT_EQ(testing::content_of(store.tree("top") / "alias"), "elf");
}

TEST_F(UnpackOnTop, FollowsALowerLayersLinkToADirectory)
{
    fs::create_directories(store.tree("lower") / "usr/bin");
    fs::create_symlink("usr/bin", store.tree("lower") / "bin");

    unpack(TarBuilder().file("bin/tool").finish());

    EXPECT_EQ(merged(), nlohmann::json({"/bin", "/usr", "/usr/bin", "/usr/bin/tool"}));
}

TEST_F(UnpackOnTop, KeepsAnUnnamedParentsOwnerAndMode)
{
    fs::create_directory(store.tree("lower") / "tmp");
    ::chmod((store.tree("lower") / "tmp").c_str(), 01777);

    unpack(TarBuilder().file("tmp/x").finish());

    struct stat status = {};
    ASSERT_EQ(::stat((store.tree("top") / "tmp").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 01777U);
}

TEST_F(UnpackOnTop, HidesALowerDirectoryBehindAFile)
{
    fs::create_directories(store.tree("lower") / "d/deep");

    unpack(TarBuilder().file("d", "now a file").finish());

    EXPECT_EQ(merged(), nlohmann::json({"/d"}));
}

TEST_F(UnpackOnTop, ReadsItsStreamToTheEndForWhoeverHashesIt)
{
    (void)store.tree("lower");
    auto [read_end, write_end] = make_pipe();
    (void)store.tree("top");
    const Worker worker = start_worker(
        store.trees(),
        {.lowers = {"lower"}, .upper = "top"},
        read_end.get(),
        [](int root, int stream) { return std::to_string(unpack_layer(root, stream).entries); });
    read_end.reset();
    const std::string padded = TarBuilder().file("a").finish() + std::string(1U << 20, '\0');

    EXPECT_NO_THROW(write_all(write_end.get(), padded)) << "the pipe broke";
    write_end.reset();
    EXPECT_EQ(testing::answer_of(worker)["result"], 1);
}

} // namespace
} // namespace caisson::sandbox

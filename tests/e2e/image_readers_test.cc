// Readers that nobody here wrote: skopeo, umoci and buildah take what we write.

#include "runner/image/layer_writer.hh"
#include "runner/image/output.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/support/require.hh"

#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace fs = std::filesystem;

/// An image of one layer with a file, in the store and as layout and archive.
class Readers : public ::testing::Test {
protected:
    TempDirectory directory{fs::temp_directory_path(), "caisson-readers-test-"};
    fs::path layout = directory.path() / "layout";
    fs::path archive = directory.path() / "image.tar";
    std::unique_ptr<Store> store = Store::open(directory.path() / "store");
    OutputImage image;
    ImageConfig config = scratch_config();

    void SetUp() override
    {
        const fs::path root = directory.path() / "root";
        fs::create_directories(root / "etc");
        write_file_atomically(root / "etc/motd", "hello\n");
        (void)run("/usr/bin/tar", {"-C", root, "-cf", directory.path() / "layer.tar", "etc"});
        const UniqueFd tar = open_file(directory.path() / "layer.tar", O_RDONLY);
        const Layer layer = store_layer(*store, tar.get());
        config.created = rfc3339(981173106);
        config.cmd = {"/bin/cat", "/etc/motd"};
        config.environment = {{"PATH", "/bin"}};
        config.labels = {{"org.example.team", "a & b"}};
        config.diff_ids = {layer.diff_id};
        config.history = {{.created = config.created, .created_by = "COPY etc /etc"}};
        image = {.manifest = store_image(*store, config, {layer}),
                 .names = {"example.org/app:1.4"},
                 .bundle = store->put_blob("{\"a\":\"bundle\"}")};
        write_oci_layout(*store, image, layout);
        write_oci_archive(*store, image, archive);
    }

    /// Runs a program of this system with a home of its own; its output.
    [[nodiscard]] std::string run(const fs::path& program,
                                  const std::vector<std::string>& arguments) const
    {
        const std::string home = directory.path();
        return run_program({.path = program,
                            .arguments = arguments,
                            .environment = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin",
                                            "HOME=" + home,
                                            "XDG_RUNTIME_DIR=" + home,
                                            "TMPDIR=" + home}});
    }
};

TEST_F(Readers, SkopeoReadsBothWithAndTheArchiveWithoutATag)
{
    CAISSON_REQUIRE(fs::exists("/usr/bin/skopeo"), "skopeo is not installed");
    for (const std::string& reference : {"oci:" + layout.native() + ":1.4",
                                         "oci-archive:" + archive.native(),
                                         "oci-archive:" + archive.native() + ":1.4"}) {
        const json seen = json::parse(run("/usr/bin/skopeo", {"inspect", reference}));
        EXPECT_EQ(seen["Digest"], image.manifest.digest.text()) << reference;
        EXPECT_EQ(seen["Labels"]["org.example.team"], "a & b");
        EXPECT_EQ(seen["Created"], config.created);
    }
}

TEST_F(Readers, SkopeoCopiesItByteForByte)
{
    CAISSON_REQUIRE(fs::exists("/usr/bin/skopeo"), "skopeo is not installed");
    const fs::path copy = directory.path() / "copy";
    (void)run("/usr/bin/skopeo",
              {"copy",
               "--insecure-policy",
               "--preserve-digests",
               "oci-archive:" + archive.native(),
               "oci:" + copy.native() + ":again"});

    const json index = json::parse(read_file(copy / "index.json", 1U << 20));
    ASSERT_THAT(index["manifests"], SizeIs(1));
    EXPECT_EQ(index["manifests"][0]["digest"], image.manifest.digest.text());
}

TEST_F(Readers, UmociUnpacksIt)
{
    CAISSON_REQUIRE(fs::exists("/usr/bin/umoci"), "umoci is not installed");
    const fs::path bundle = directory.path() / "bundle";
    (void)run("/usr/bin/umoci",
              {"unpack", "--rootless", "--image", layout.native() + ":1.4", bundle.native()});

    EXPECT_EQ(read_file(bundle / "rootfs/etc/motd", 100), "hello\n");
    const json runtime = json::parse(read_file(bundle / "config.json", 1U << 20));
    EXPECT_EQ(runtime["process"]["args"], json::array({"/bin/cat", "/etc/motd"}));
}

TEST_F(Readers, BuildahTakesBothIn)
{
    CAISSON_REQUIRE(fs::exists("/usr/bin/buildah"), "buildah is not installed");
    const std::vector<std::string> where = {"--storage-driver",
                                            "vfs",
                                            "--root",
                                            directory.path() / "storage",
                                            "--runroot",
                                            directory.path() / "run"};
    const auto buildah = [&](const std::vector<std::string>& arguments) {
        std::vector<std::string> all = where;
        all.insert(all.end(), arguments.begin(), arguments.end());
        return run("/usr/bin/buildah", all);
    };
    for (const std::string& reference :
         {"oci:" + layout.native() + ":1.4", "oci-archive:" + archive.native()}) {
        std::string id = buildah({"pull", "--quiet", reference});
        id.erase(id.find_last_not_of('\n') + 1);
        const json seen = json::parse(buildah({"inspect", "--type", "image", id}));
        EXPECT_EQ(seen["FromImageDigest"], image.manifest.digest.text()) << reference;
        EXPECT_EQ(seen["OCIv1"]["config"]["Cmd"], json::array({"/bin/cat", "/etc/motd"}));
    }
    // as a user its files belong to subordinate ids, and only it can remove them
    (void)buildah({"rmi", "--all", "--force"});
}

} // namespace
} // namespace caisson::runner

#include "layout_fixture.hh"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class LoadLayout : public StoreTest {
protected:
    HandmadeLayout layout{directory.path() / "layout"};

    BaseImage load(const std::string& tag = "")
    {
        return load_from_layout(*store, layout.path, tag);
    }
    std::string refused(const std::string& tag = "")
    {
        return error_of(ErrorKind::kInput, [&] { (void)load(tag); });
    }
    /// The message for a layout of one image with that manifest.
    std::string refused_manifest(const json& manifest, const char* type = kOciManifest)
    {
        layout.write_index(json::array({layout.blob(manifest.dump(), type)}));
        return refused();
    }
};

TEST_F(LoadLayout, TakesManifestConfigurationAndLayersIntoTheStore)
{
    layout.write_index(json::array({layout.image("1.4")}));

    const BaseImage image = load("1.4");

    EXPECT_EQ(image.source, "oci-layout://" + layout.path.native() + ":1.4");
    EXPECT_THAT(image.resolved,
                AllOf(HasSubstr("pkg:oci/layout@sha256%3A" + image.manifest.digest.hex()),
                      HasSubstr("&tag=1.4")));
    EXPECT_FALSE(image.index);
    EXPECT_EQ(*image.config.find_environment("PATH"), "/bin");
    ASSERT_EQ(image.layers.size(), 2U);
    EXPECT_EQ(image.layers[1].diff_id, attest::Digest::of("tar 1"));
    EXPECT_EQ(store->read_blob(image.layers[0].blob.digest), "layer 0");
    EXPECT_TRUE(store->has_blob(image.manifest.digest, image.manifest.size));
}

TEST_F(LoadLayout, ReadsALayerAgainOnlyWhereTheStoreLacksIt)
{
    const json entry = layout.image();
    layout.write_index(json::array({entry}));
    const BaseImage first = load();
    std::filesystem::remove_all(layout.path / "blobs/sha256");
    std::filesystem::create_directory(layout.path / "blobs/sha256");

    EXPECT_EQ(load().manifest.digest, first.manifest.digest);
}

TEST_F(LoadLayout, FollowsAnIndexToThisMachine)
{
    json ours = layout.image("");
    ours["platform"] = {{"os", "linux"}, {"architecture", host_architecture()}};
    json other = layout.blob("{}", kOciManifest);
    other["platform"] = {{"os", "linux"}, {"architecture", "mips"}};
    json attestation = layout.blob("{ }", kOciManifest);
    attestation["platform"] = {{"os", "unknown"}, {"architecture", "unknown"}};
    const json index = layout.index_blob({other, attestation, ours});
    layout.write_index(json::array({index}));

    const BaseImage image = load();

    EXPECT_EQ(image.manifest.digest.text(), ours["digest"]);
    EXPECT_EQ(image.index->text(), index["digest"]);
}

#if defined(__x86_64__)
TEST_F(LoadLayout, FollowsAnIndexToThePlatformThatIsAskedFor)
{
    json ours = layout.image("");
    ours["platform"] = {{"os", "linux"}, {"architecture", "amd64"}};
    json config = HandmadeLayout::config_json(2);
    config["architecture"] = "386";
    json manifest = layout.manifest_json();
    manifest["config"] = layout.blob(config.dump(), kOciConfig);
    json small = layout.blob(manifest.dump(), kOciManifest);
    small["platform"] = {{"os", "linux"}, {"architecture", "386"}};
    layout.write_index(json::array({layout.index_blob({small, ours})}));

    EXPECT_EQ(load().manifest.digest.text(), ours["digest"]);
    const BaseImage image = load_from_layout(*store, layout.path, "", "386");
    EXPECT_EQ(image.manifest.digest.text(), small["digest"]);
    EXPECT_THAT(image.resolved, HasSubstr("platform=linux%2F386"));
    // an image alone is taken for what it is, but for nothing else
    layout.write_index(json::array({small}));
    EXPECT_EQ(load().config.architecture, "386");
    EXPECT_THROW((void)load_from_layout(*store, layout.path, "", "amd64"), Error);
}
#endif

TEST_F(LoadLayout, SaysForWhatAnIndexHasImages)
{
    json other = layout.blob("{}", kOciManifest);
    other["platform"] = {{"os", "linux"}, {"architecture", "mips"}};
    layout.write_index(json::array({layout.index_blob(json::array({other}))}));

    EXPECT_THAT(refused(), HasSubstr("only for linux/mips"));
}

TEST_F(LoadLayout, ReadsDockersMediaTypesAndTurnsLayersIntoOcis)
{
    json manifest = layout.manifest_json("application/vnd.docker.image.rootfs.diff.tar.gzip");
    manifest["mediaType"] = kDockerManifest;
    manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json";
    layout.write_index(json::array({layout.blob(manifest.dump(), kDockerManifest)}));

    EXPECT_EQ(load().layers[0].blob.media_type, kOciLayerGzip);
}

TEST_F(LoadLayout, ChoosesByTagNameOrDigest)
{
    const json one = layout.image("1");
    json manifest = layout.manifest_json();
    manifest["annotations"] = {{"other", "image"}};
    json two = layout.blob(manifest.dump(), kOciManifest);
    two["annotations"] = {{"org.opencontainers.image.ref.name", "2"},
                          {"io.containerd.image.name", "example.org/app:2"}};
    layout.write_index(json::array({one, two}));

    const std::string second = two["digest"];
    EXPECT_EQ(load("2").manifest.digest.text(), second);
    EXPECT_EQ(load("example.org/app:2").manifest.digest.text(), second);
    EXPECT_EQ(load(second).manifest.digest.text(), second);
    EXPECT_EQ(load("@" + second).source, "oci-layout://" + layout.path.native() + "@" + second);
    EXPECT_EQ(load("2@" + second).manifest.digest.text(), second);
    EXPECT_THAT(refused("1@" + second), HasSubstr("it has no image"));
    EXPECT_THAT(refused(""), AllOf(HasSubstr("several"), HasSubstr("it has \"1\", \"2\"")));
    EXPECT_THAT(refused("3"), AllOf(HasSubstr("no image \"3\""), HasSubstr("it has \"1\", \"2\"")));
}

TEST_F(LoadLayout, PassesOverAttestations)
{
    json referrer = layout.blob("{}", kOciManifest);
    referrer["artifactType"] = kSigstoreBundle;
    layout.write_index(json::array({referrer, layout.image("1"), layout.image("2")}));

    EXPECT_NO_THROW(load()) << "one image under two names is one";
}

// ---- what is wrong with a layout

TEST_F(LoadLayout, RefusesABlobThatIsNotWhatItsDigestSays)
{
    layout.write_index(json::array({layout.image()}));
    const std::string hex = attest::Digest::of("layer 1").hex();
    HandmadeLayout::write(layout.path / "blobs/sha256" / hex, "LAYER 1");

    EXPECT_THAT(refused(),
                AllOf(HasSubstr("blob sha256:" + hex), HasSubstr("its bytes have the digest")));
    EXPECT_FALSE(store->has_blob(attest::Digest::of("layer 1")));
    EXPECT_FALSE(store->has_blob(attest::Digest::of("LAYER 1")));
}

TEST_F(LoadLayout, RefusesAWrongSize)
{
    json manifest = layout.manifest_json();
    manifest["layers"][0]["size"] = 6;
    EXPECT_THAT(refused_manifest(manifest), HasSubstr("larger than the 6 bytes promised"));
    manifest["layers"][0]["size"] = 8;
    EXPECT_THAT(refused_manifest(manifest), HasSubstr("7 bytes instead of the 8 promised"));
}

TEST_F(LoadLayout, RefusesASizeThatNoManifestHas)
{
    json entry = layout.image();
    entry["size"] = 5U << 20;
    layout.write_index(json::array({entry}));
    EXPECT_THAT(refused(), HasSubstr("more than 4194304 is not accepted"));
}

TEST_F(LoadLayout, RefusesADigestThatIsAPath)
{
    json entry = layout.image();
    entry["digest"] = "sha256:../../../../etc/passwd";
    layout.write_index(json::array({entry}));
    EXPECT_THAT(refused(), HasSubstr("is not a digest"));
}

TEST_F(LoadLayout, RefusesAnIndexThatLeadsToItself)
{
    // it cannot contain its own digest, so it claims to
    const std::string claimed(64, 'a');
    const json self = {{"mediaType", kOciIndex}, {"digest", "sha256:" + claimed}, {"size", 0}};
    const json index = {{"schemaVersion", 2}, {"manifests", json::array({self})}};
    json entry = self;
    entry["size"] = index.dump().size();
    HandmadeLayout::write(layout.path / "blobs/sha256" / claimed, index.dump());
    layout.write_index(json::array({entry}));
    EXPECT_THAT(refused(), HasSubstr("its bytes have the digest"));
}

TEST_F(LoadLayout, RefusesAnEndlessChainOfIndexes)
{
    json entry = layout.image("");
    for (int depth = 0; depth < 4; ++depth)
        entry = layout.index_blob(json::array({entry}));
    layout.write_index(json::array({entry}));
    EXPECT_NO_THROW(load());
    layout.write_index(json::array({layout.index_blob(json::array({entry}))}));
    EXPECT_THAT(refused(), HasSubstr("lies in more than 4 others"));
}

TEST_F(LoadLayout, RefusesForeignAndUnknownLayers)
{
    EXPECT_THAT(refused_manifest(layout.manifest_json(
                    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")),
                HasSubstr("foreign media type"));
    EXPECT_THAT(refused_manifest(layout.manifest_json(
                    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")),
                HasSubstr("foreign media type"));
    EXPECT_THAT(refused_manifest(layout.manifest_json("text/plain\x1b[2J")),
                HasSubstr("unknown media type \"text/plain\\u{1b}[2J\""));
}

TEST_F(LoadLayout, RefusesWhatIsNoImage)
{
    json entry = layout.image("");
    entry["mediaType"] = "text/plain";
    layout.write_index(json::array({entry}));
    EXPECT_THAT(refused(), HasSubstr("media type \"text/plain\" is unknown"));

    json manifest = layout.manifest_json();
    manifest["config"]["mediaType"] = "application/vnd.example+json";
    EXPECT_THAT(refused_manifest(manifest), HasSubstr("it is no image"));
}

TEST_F(LoadLayout, RefusesADocumentThatCouldBeReadAsTwo)
{
    json manifest = layout.manifest_json();
    manifest["manifests"] = json::array();
    EXPECT_THAT(refused_manifest(manifest), HasSubstr("\"manifests\""));
    manifest = layout.manifest_json();
    manifest["mediaType"] = kOciIndex;
    EXPECT_THAT(refused_manifest(manifest), HasSubstr("was promised"));
    manifest = layout.manifest_json();
    manifest["schemaVersion"] = 1;
    EXPECT_THAT(refused_manifest(manifest), HasSubstr("schema version is not 2"));
}

TEST_F(LoadLayout, RefusesAsManyDiffIdsAsThereAreNoLayers)
{
    json manifest = layout.manifest_json();
    manifest["layers"].push_back(layout.blob("layer 2", kOciLayerGzip));
    EXPECT_THAT(refused_manifest(manifest),
                HasSubstr("has 3 layers, the configuration 2 diff ids"));
}

TEST_F(LoadLayout, RefusesAnImageForAnotherMachine)
{
    json config = HandmadeLayout::config_json(2);
    config["architecture"] = "mips";
    json manifest = layout.manifest_json();
    manifest["config"] = layout.blob(config.dump(), kOciConfig);
    EXPECT_THAT(refused_manifest(manifest), HasSubstr("the image is for linux/mips"));
}

TEST_F(LoadLayout, FollowsNoLinkAndWaitsForNoFifo)
{
    layout.write_index(json::array({layout.image()}));
    const auto blob = layout.path / "blobs/sha256" / attest::Digest::of("layer 0").hex();
    std::filesystem::rename(blob, directory.path() / "elsewhere");
    std::filesystem::create_symlink(directory.path() / "elsewhere", blob);
    EXPECT_THAT(refused(), HasSubstr(attest::Digest::of("layer 0").text()));

    std::filesystem::remove(blob);
    ASSERT_EQ(::mkfifo(blob.c_str(), 0600), 0);
    EXPECT_THAT(refused(), HasSubstr("not a regular file"));

    std::filesystem::remove(layout.path / "index.json");
    ASSERT_EQ(::mkfifo((layout.path / "index.json").c_str(), 0600), 0);
    EXPECT_THAT(refused(), HasSubstr("\"index.json\" is not a regular file"));
}

TEST_F(LoadLayout, RefusesADirectoryThatIsNoLayout)
{
    std::filesystem::remove(layout.path / "oci-layout");
    EXPECT_THAT(refused(), AllOf(HasSubstr("layout"), HasSubstr("No such file")));
    HandmadeLayout::write(layout.path / "oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
    EXPECT_THAT(refused(), HasSubstr("version"));
    HandmadeLayout::write(layout.path / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    layout.write_index(json::array());
    EXPECT_THAT(refused(), HasSubstr("it has no image"));
    HandmadeLayout::write(layout.path / "index.json", std::string(100000, '['));
    EXPECT_THAT(refused(), HasSubstr("not valid JSON"));
    EXPECT_THAT(error_of(ErrorKind::kInput,
                         [&] { (void)load_from_layout(*store, directory.path() / "none", ""); }),
                HasSubstr("none"));
}

} // namespace
} // namespace caisson::runner

#include "layout_fixture.hh"
#include "runner/image/layer_writer.hh"
#include "runner/image/output.hh"
#include "sandbox/base/program.hh"

#include <gmock/gmock.h>
#include <thread>

namespace caisson::runner {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace fs = std::filesystem;

class Output : public StoreTest {
protected:
    fs::path out = directory.path() / "out";
    void SetUp() override { fs::create_directory(out); }

    OutputImage make_image(const std::vector<std::string>& names, const std::string& text = "tar")
    {
        auto [read_end, write_end] = make_pipe();
        write_all(write_end.get(), text);
        write_end.reset();
        const Layer layer = store_layer(*store, read_end.get());
        ImageConfig config = scratch_config();
        config.diff_ids = {layer.diff_id};
        return {.manifest = store_image(*store, config, {layer}),
                .names = names,
                .bundle = store->put_blob("{\"bundle\":true}")};
    }
    static json read_json(const fs::path& path) { return json::parse(read_file(path, 1U << 20)); }
    [[nodiscard]] std::vector<std::string> listing() const
    {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(out))
            names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }
};

TEST_F(Output, StoresAnImageThatIsRead)
{
    const OutputImage made = make_image({"app:1"});
    store->put_image({.name = "app:1", .manifest = made.manifest, .bundle = made.bundle});

    const auto image = load_from_store(*store, "app:1");

    ASSERT_TRUE(image);
    EXPECT_EQ(image->manifest.digest, made.manifest.digest);
    EXPECT_EQ(image->source, "app:1");
    EXPECT_THAT(image->resolved, HasSubstr("pkg:oci/app@sha256%3A" + made.manifest.digest.hex()));
    EXPECT_THAT(image->layers, SizeIs(1));
    EXPECT_FALSE(load_from_store(*store, "app:2"));
}

TEST_F(Output, RefusesToUseAnImageWhoseLayerIsGone)
{
    const OutputImage made = make_image({});
    store->put_image({.name = "app:1", .manifest = made.manifest, .bundle = made.bundle});
    fs::remove(blob_path(load_from_store(*store, "app:1")->layers[0].blob.digest));

    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)load_from_store(*store, "app:1"); }),
                HasSubstr("missing or damaged"));
}

TEST_F(Output, WritesALayoutWithTheAttestationListedWithoutAName)
{
    write_oci_layout(*store, make_image({"example.org/a/app:1.4", "app"}), out / "layout/");

    const json index = read_json(out / "layout/index.json");
    ASSERT_THAT(index["manifests"], SizeIs(3));
    const json& first = index["manifests"][0]["annotations"];
    EXPECT_EQ(first["org.opencontainers.image.ref.name"], "1.4");
    EXPECT_EQ(first["io.containerd.image.name"], "example.org/a/app:1.4");
    const json& second = index["manifests"][1]["annotations"];
    EXPECT_EQ(second["org.opencontainers.image.ref.name"], "latest");
    EXPECT_EQ(second["io.containerd.image.name"], "docker.io/library/app:latest");

    const json& listed = index["manifests"][2];
    EXPECT_EQ(listed["artifactType"], kSigstoreBundle);
    EXPECT_FALSE(listed.contains("annotations"));
    const auto hex = [](const json& descriptor) {
        return descriptor["digest"].get<std::string>().substr(7);
    };
    const json referrer = read_json(out / "layout/blobs/sha256" / hex(listed));
    EXPECT_EQ(referrer["subject"]["digest"], index["manifests"][0]["digest"]);
    ASSERT_THAT(referrer["layers"], SizeIs(1));
    EXPECT_EQ(read_file(out / "layout/blobs/sha256" / hex(referrer["layers"][0]), 100),
              "{\"bundle\":true}");
    EXPECT_EQ(read_file(out / "layout/blobs/sha256" / hex(referrer["config"]), 100), "{}");
    EXPECT_EQ(read_file(out / "layout.sigstore.json", 100), "{\"bundle\":true}");
    EXPECT_THAT(listing(), ::testing::ElementsAre("layout", "layout.sigstore.json"));
}

TEST_F(Output, IsReadBackAsABase)
{
    const OutputImage made = make_image({"app:1.4"});
    write_oci_layout(*store, made, out / "layout");
    const auto other = Store::open(directory.path() / "other store");

    for (const char* tag : {"1.4", "", "docker.io/library/app:1.4"})
        EXPECT_EQ(load_from_layout(*other, out / "layout", tag).manifest.digest,
                  made.manifest.digest);
}

TEST_F(Output, AddsToALayoutAndReplacesItsTag)
{
    write_oci_layout(*store, make_image({"app:1"}), out / "layout");
    write_oci_layout(*store, make_image({"app:2"}), out / "layout");
    const OutputImage changed = make_image({"app:1"}, "other tar");
    write_oci_layout(*store, changed, out / "layout");

    const auto other = Store::open(directory.path() / "other store");
    EXPECT_EQ(load_from_layout(*other, out / "layout", "1").manifest.digest,
              changed.manifest.digest);
    EXPECT_EQ(load_from_layout(*other, out / "layout", "2").manifest.digest,
              make_image({}).manifest.digest);
    std::size_t named = 0;
    const json index = read_json(out / "layout/index.json");
    for (const json& entry : index["manifests"])
        named += entry.contains("annotations") ? 1U : 0U;
    EXPECT_EQ(named, 2U);
    EXPECT_EQ(std::distance(fs::directory_iterator(out / "layout"), {}), 3) << "no litter";
}

TEST_F(Output, TakesTurnsAtOneLayout)
{
    std::vector<OutputImage> images;
    for (int number = 0; number < 6; ++number)
        images.push_back(make_image({"app:" + std::to_string(number)}, std::to_string(number)));
    fs::create_directory(out / "layout");

    std::vector<std::thread> threads;
    for (const OutputImage& image : images)
        threads.emplace_back([&] { write_oci_layout(*store, image, out / "layout"); });
    for (std::thread& thread : threads)
        thread.join();

    const auto other = Store::open(directory.path() / "other store");
    for (std::size_t number = 0; number < images.size(); ++number)
        EXPECT_EQ(load_from_layout(*other, out / "layout", std::to_string(number)).manifest.digest,
                  images[number].manifest.digest);
}

TEST_F(Output, RefusesADirectoryThatHoldsOtherThings)
{
    fs::create_directory(out / "home");
    HandmadeLayout::write(out / "home/letter", "dear");

    EXPECT_THAT(error_of(ErrorKind::kInput,
                         [&] { write_oci_layout(*store, make_image({"a:1"}), out / "home"); }),
                HasSubstr("not an OCI layout (it has \"letter\")"));
    EXPECT_EQ(std::distance(fs::directory_iterator(out / "home"), {}), 1);
    EXPECT_THAT(listing(), ::testing::ElementsAre("home"));
    EXPECT_THAT(error_of(ErrorKind::kInput,
                         [&] { write_oci_archive(*store, make_image({"a:1"}), out / "home"); }),
                HasSubstr("not a file"));
}

TEST_F(Output, WritesAnArchiveOfTheSameBytesEachTime)
{
    write_oci_archive(*store, make_image({"app:1"}), out / "a.tar");
    write_oci_archive(*store, make_image({"app:1"}), out / "b.tar");

    EXPECT_EQ(read_file(out / "a.tar", 1U << 20), read_file(out / "b.tar", 1U << 20));
    EXPECT_EQ(read_file(out / "a.tar.sigstore.json", 100), "{\"bundle\":true}");
}

TEST_F(Output, WritesAnArchiveThatTarUnpacksToALayout)
{
    const OutputImage made = make_image({"app:1"});
    write_oci_archive(*store, made, out / "a.tar");
    fs::create_directory(out / "unpacked");
    (void)run_program(
        {.path = "/usr/bin/tar", .arguments = {"-xf", out / "a.tar", "-C", out / "unpacked"}});

    const auto other = Store::open(directory.path() / "other store");
    EXPECT_EQ(load_from_layout(*other, out / "unpacked", "1").manifest.digest,
              made.manifest.digest);
    const json index = read_json(out / "unpacked/index.json");
    ASSERT_THAT(index["manifests"], SizeIs(1)) << "or a reader without a tag gives up";
    const std::string pointer = index["manifests"][0]["annotations"]["dev.caisson.attestation"];
    const json referrer = read_json(out / "unpacked/blobs/sha256" / pointer.substr(7));
    EXPECT_EQ(referrer["artifactType"], kSigstoreBundle);
}

TEST_F(Output, LeavesWhatWasThereWhenItFails)
{
    HandmadeLayout::write(out / "a.tar", "the old one");
    const OutputImage made = make_image({"app:1"});
    store->put_image({.name = "app:1", .manifest = made.manifest, .bundle = made.bundle});
    const attest::Digest layer = load_from_store(*store, "app:1")->layers[0].blob.digest;
    HandmadeLayout::write(blob_path(layer), std::string(fs::file_size(blob_path(layer)), 'x'));

    EXPECT_THAT(
        error_of(ErrorKind::kInput, [&] { write_oci_archive(*store, made, out / "a.tar"); }),
        HasSubstr("damaged"));
    EXPECT_EQ(read_file(out / "a.tar", 100), "the old one");
    EXPECT_THAT(listing(), ::testing::ElementsAre("a.tar"));
}

TEST_F(Output, ClearsWhatAKilledBuildLeft)
{
    fs::create_directories(out / ".a.tar.partial/deep");
    HandmadeLayout::write(out / ".a.tar.partial/archive", "half");

    write_oci_archive(*store, make_image({"app:1"}), out / "a.tar");

    EXPECT_THAT(listing(), ::testing::ElementsAre("a.tar", "a.tar.sigstore.json"));
}

TEST_F(Output, TakesAnOldAttestationAwayFromAnImageThatHasNone)
{
    OutputImage image = make_image({"app:1"});
    write_oci_archive(*store, image, out / "a.tar");
    image.bundle = {};
    write_oci_archive(*store, image, out / "a.tar");

    EXPECT_THAT(listing(), ::testing::ElementsAre("a.tar"));
}

} // namespace
} // namespace caisson::runner

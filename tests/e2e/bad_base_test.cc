// Base images that are not what they say, as a build meets them.
#include "attest/digest.hh"
#include "tests/e2e/aftermath.hh"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::size_t kMost = 1U << 24;

/// A layout that `caisson build` wrote itself, to be spoilt.
class BadBase : public ::testing::Test {
protected:
    void SetUp() override
    {
        work_.write("a", "content");
        const Ran made = work_.build("FROM scratch\nCOPY a /\n",
                                     {"-o", "type=oci,tar=false,dest=" + layout_.native()});
        ASSERT_EQ(made.exit, 0) << made.err;
        ASSERT_EQ(build().exit, 0) << "as it is, it builds";
    }

    [[nodiscard]] json index() const
    {
        return json::parse(read_file(layout_ / "index.json", kMost));
    }
    void write_index(const json& index) const
    {
        write_file_atomically(layout_ / "index.json", index.dump());
    }
    /// The image's entry: the attestation is another.
    [[nodiscard]] static json& image_in(json& index)
    {
        for (json& entry : index["manifests"])
            if (!entry.contains("artifactType")) return entry;
        throw std::runtime_error("no image in " + index.dump());
    }
    [[nodiscard]] fs::path blob(const json& descriptor) const
    {
        return layout_ / "blobs/sha256" / descriptor.at("digest").get<std::string>().substr(7);
    }

    /// Changes the image's entry in the index.
    void change_entry(const std::function<void(json&)>& change) const
    {
        json whole = index();
        change(image_in(whole));
        write_index(whole);
    }
    /// Changes the manifest, under a digest and size that are right for it.
    void change_manifest(const std::function<void(json&)>& change) const
    {
        change_entry([&](json& entry) {
            json manifest = json::parse(read_file(blob(entry), kMost));
            change(manifest);
            const std::string text = manifest.dump();
            entry["digest"] = attest::Digest::of(text).text();
            entry["size"] = text.size();
            write_file_atomically(blob(entry), text);
        });
    }
    [[nodiscard]] json manifest() const
    {
        json whole = index();
        return json::parse(read_file(blob(image_in(whole)), kMost));
    }

    [[nodiscard]] Ran build() const
    {
        return work_.build(
            "FROM base\nLABEL a=b\n",
            {"-t", "never:1", "--build-context", "base=oci-layout://" + layout_.native()});
    }

    /// In a store that has seen none of the base's blobs.
    void expect_refused(const std::string& why)
    {
        work_.use_store("other");
        const Ran built = build();
        EXPECT_EQ(built.exit, 6) << built.err;
        EXPECT_THAT(built.err, HasSubstr(why));
        EXPECT_THAT(work_.caisson({"image", "list"}).out, ::testing::Not(HasSubstr("never")));
        fs::remove_all(work_.store());
    }

    Workspace work_;
    fs::path layout_ = work_.path("layout");
};

TEST_F(BadBase, WhoseLayerIsNotWhatItsDigestSays)
{
    const fs::path layer = blob(manifest()["layers"][0]);
    std::string bytes = read_file(layer, kMost);
    bytes.back() ^= 1;
    write_file_atomically(layer, bytes);

    expect_refused("sha256:");
}

TEST_F(BadBase, WhoseLayerIsGoneOrHasAnotherSize)
{
    change_manifest([](json& manifest) {
        manifest["layers"][0]["size"] = manifest["layers"][0]["size"].get<int>() + 1;
    });
    expect_refused("promised");

    fs::remove(blob(manifest()["layers"][0]));
    expect_refused("No such file");
}

TEST_F(BadBase, OfAnUnknownMediaType)
{
    change_manifest([](json& manifest) {
        manifest["layers"][0]["mediaType"] = "application/vnd.example.layer";
    });
    expect_refused("unknown media type \"application/vnd.example.layer\"");

    change_entry([](json& entry) { entry["mediaType"] = "text/plain"; });
    expect_refused("text/plain");
}

TEST_F(BadBase, WhoseDigestIsAPath)
{
    change_entry([](json& entry) {
        entry["digest"] = "sha256:../../../../../../../../../../../../../../../../../../etc/passwd";
    });
    expect_refused("is not a digest");
}

TEST_F(BadBase, WhoseIndexLeadsToItself)
{
    // no index can hold its own digest: this is as near as one comes
    change_entry(
        [](json& entry) { entry["mediaType"] = "application/vnd.oci.image.index.v1+json"; });
    json whole = index();
    json entry = image_in(whole);
    write_file_atomically(blob(entry), whole.dump());
    expect_refused("sha256:");
}

TEST_F(BadBase, ThatIsNoJsonOrNoLayout)
{
    write_file_atomically(layout_ / "index.json", "{");
    expect_refused("not valid JSON");

    fs::remove(layout_ / "oci-layout");
    expect_refused("oci-layout");
}

} // namespace
} // namespace caisson::testing

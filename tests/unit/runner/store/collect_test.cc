#include "fixture.hh"
#include "runner/image/config.hh"
#include "runner/image/output.hh"
#include "sandbox/base/base64.hh"

#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const attest::Digest kKey = attest::Digest::of("key");

/// A store with an image of one layer, a cached step with a layer and a tree of its own, and a blob
/// that nothing names.
class Collection : public StoreTest {
protected:
    attest::Digest image_layer = attest::Digest::of("image's");
    attest::Digest step_layer = attest::Digest::of("step's");
    attest::Digest plan = attest::Digest::of("plan");
    attest::Digest loose = attest::Digest::of("loose");
    Descriptor manifest;
    std::string tree;

    void SetUp() override
    {
        for (const char* blob : {"image's", "step's", "plan", "loose"})
            store->put_blob(blob);
        ImageConfig config = scratch_config();
        config.diff_ids = {attest::Digest::of("tar")};
        manifest = store_image(*store, config, {layer_of(image_layer, 7)});
        const nlohmann::json statement = {
            {"byproducts",
             {{{"digest", {{"sha256", plan.hex()}}}},
              {{"digest", {{"sha256", attest::Digest::of("never here").hex()}}}}}}};
        const nlohmann::json bundle = {
            {"dsseEnvelope", {{"payload", base64_encode(statement.dump())}}}};
        store->put_image(
            {.name = "app:1", .manifest = manifest, .bundle = store->put_blob(bundle.dump())});
        tree = store->new_tree();
        make_tree(tree);
        store->put_step(kKey, {.tree = tree, .layer = layer_of(step_layer, 6)});
        store->end_build();
    }
    static Layer layer_of(const attest::Digest& blob, std::uint64_t size)
    {
        return {.blob = {.media_type = kOciLayerGzip, .digest = blob, .size = size},
                .diff_id = attest::Digest::of("tar")};
    }
    void leave_unused(std::chrono::hours age) const
    {
        for (const fs::directory_entry& entry : fs::directory_iterator(root / "steps"))
            fs::last_write_time(entry, fs::file_time_type::clock::now() - age);
    }
    [[nodiscard]] bool has(const attest::Digest& digest) const { return store->has_blob(digest); }
};

TEST_F(Collection, TakesWhatNothingNames)
{
    make_tree("00000000.7"); // of a build long over
    const Store::Collected collected = store->collect(std::nullopt);
    EXPECT_EQ(collected.blobs, 1U);
    EXPECT_EQ(collected.bytes, 5U);
    EXPECT_EQ(collected.steps, 0U);
    EXPECT_THAT(collected.trees, ElementsAre("00000000.7"));
    EXPECT_FALSE(has(loose));
    EXPECT_TRUE(has(image_layer));
    EXPECT_TRUE(has(step_layer));
    EXPECT_TRUE(has(plan)) << "an auditor asks for it";
    EXPECT_TRUE(has(manifest.digest));
    EXPECT_TRUE(store->find_step(kKey));
    EXPECT_EQ(store->collect(std::nullopt).blobs, 0U);
}

TEST_F(Collection, TakesStepsThatNobodyUsedForLong)
{
    leave_unused(std::chrono::hours(50));
    EXPECT_EQ(store->collect(std::chrono::hours(72)).steps, 0U);
    const Store::Collected collected = store->collect(std::chrono::hours(48));
    EXPECT_EQ(collected.steps, 1U);
    EXPECT_THAT(collected.trees, ElementsAre(tree));
    EXPECT_FALSE(has(step_layer));
    EXPECT_TRUE(has(image_layer)) << "a name is never collected";
}

TEST_F(Collection, KnowsThatAHitIsAUse)
{
    leave_unused(std::chrono::hours(50));
    ASSERT_TRUE(store->find_step(kKey));
    EXPECT_EQ(store->collect(std::chrono::hours(48)).steps, 0U);
}

TEST_F(Collection, WaitsForNobodyButTakesNothingFromThem)
{
    const auto other = Store::open(root);
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)store->collect(std::nullopt); }),
                HasSubstr("another caisson works in this store"));
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)store->forget_all(); }),
                HasSubstr("another caisson works in this store"));
    EXPECT_TRUE(has(loose));
    EXPECT_TRUE(store->find_image("app:1"));
    // and who gave up still counts as one who works there
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)other->collect(std::nullopt); }),
                HasSubstr("another caisson works in this store"));
}

TEST_F(Collection, IsAnnouncedByTheUsage)
{
    const Store::Usage usage = store->usage();
    EXPECT_EQ(usage.images, 1U);
    EXPECT_EQ(usage.steps, 1U);
    EXPECT_EQ(usage.trees, 1U);
    EXPECT_EQ(usage.blobs, 7U);
    EXPECT_EQ(usage.loose_blobs, 1U);
    EXPECT_EQ(usage.loose_bytes, 5U);
}

/// Bit rot, of which the boot mark of a blob knows nothing.
TEST_F(Collection, FindsWhatIsDamagedAndKeepsItAside)
{
    EXPECT_THAT(store->verify(), IsEmpty());
    std::fstream(blob_path(image_layer), std::ios::in | std::ios::out) << 'X';
    std::fstream(root / "steps" / (kKey.hex() + ".json"), std::ios::in | std::ios::out) << 'X';
    EXPECT_TRUE(has(image_layer)) << "the mark of this boot";

    EXPECT_THAT(store->verify(),
                ElementsAre("blob " + image_layer.hex() + " is damaged",
                            "step entry " + kKey.hex() + ".json is damaged",
                            "blob " + image_layer.text() + " is missing"));
    EXPECT_FALSE(has(image_layer));
    EXPECT_TRUE(fs::exists(root / "quarantine" / ("blob-" + image_layer.hex())));
    EXPECT_THAT(store->verify(), ElementsAre("blob " + image_layer.text() + " is missing"));
    reopen(); // a store with a quarantine is still one
    EXPECT_TRUE(store->find_image("app:1"));
}

} // namespace
} // namespace caisson::runner

#include "fixture.hh"
#include "runner/store/seal.hh"

#include <fstream>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const attest::Digest kKey = attest::Digest::of("key");

/// A step with a tree and a layer, as a build puts it.
StepEntry make_step(Store& store)
{
    StepEntry entry{.tree = store.new_tree(), .output_tail = std::string("any \xff\0 bytes", 12)};
    ::mkdirat(store.trees(), entry.tree.c_str(), 0755);
    const attest::Digest blob = store.put_blob("layer");
    entry.layer = Layer{.blob = {.media_type = kOciLayerGzip, .digest = blob, .size = 5},
                        .diff_id = attest::Digest::of("tar")};
    entry.evidence = {.name = "RUN make",
                      .stage = "build",
                      .key = kKey,
                      .origin_invocation = "urn:uuid:1",
                      .verdict = "exited",
                      .seconds = 0.1,
                      .landlock_abi = 7,
                      .layer = attest::Digest::of("tar")};
    return entry;
}

/// Rewrites a sealed entry as if the machine had been started again since.
void age(const std::filesystem::path& entry)
{
    const std::string sealed = read_file(entry, 1U << 20);
    std::string body(unseal(sealed).value());
    const std::size_t at = body.find("\"boot\":\"");
    ASSERT_NE(at, std::string::npos);
    body[at + 8] = body[at + 8] == '0' ? '1' : '0';
    write_file_atomically(entry, seal(body));
}

std::filesystem::path step_path(const std::filesystem::path& root)
{
    return root / "steps" / (kKey.hex() + ".json");
}

TEST_F(StoreTest, GivesBackAStepWithItsEvidence)
{
    const StepEntry put = make_step(*store);
    store->put_step(kKey, put);
    reopen();

    const auto found = store->find_step(kKey);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->tree, put.tree);
    EXPECT_EQ(found->layer->blob.digest, put.layer->blob.digest);
    EXPECT_EQ(found->layer->diff_id, put.layer->diff_id);
    EXPECT_EQ(found->output_tail, put.output_tail);
    EXPECT_EQ(found->evidence.name, "RUN make");
    EXPECT_EQ(found->evidence.origin_invocation, "urn:uuid:1");
    EXPECT_EQ(found->evidence.seconds, 0.1);
    EXPECT_TRUE(found->evidence.cached);
    EXPECT_FALSE(store->find_step(attest::Digest::of("other")));
}

TEST_F(StoreTest, KeepsAStepThatChangedNoFile)
{
    store->put_step(kKey, {.evidence = {.name = "RUN true"}});
    const auto found = store->find_step(kKey);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->tree, "");
    EXPECT_FALSE(found->layer);
}

TEST_F(StoreTest, KeepsNoTreeWithoutItsLayer)
{
    error_of(ErrorKind::kInternal, [&] { store->put_step(kKey, {.tree = store->new_tree()}); });
}

TEST_F(StoreTest, MissesAStepWhereAnyByteFlipped)
{
    store->put_step(kKey, make_step(*store));
    const std::string whole = read_file(step_path(root), 1U << 20);
    ASSERT_TRUE(store->find_step(kKey));

    std::fstream file(step_path(root), std::ios::in | std::ios::out | std::ios::binary);
    const auto put = [&](std::size_t at, int byte) {
        file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte)).flush();
    };
    for (std::size_t at = 0; at < whole.size(); ++at) {
        put(at, whole[at] ^ 1);
        EXPECT_FALSE(store->find_step(kKey)) << "byte " << at;
        put(at, whole[at]);
    }
    EXPECT_TRUE(store->find_step(kKey));
}

TEST_F(StoreTest, MissesAStepThatWasCutShort)
{
    store->put_step(kKey, make_step(*store));
    for (const std::uintmax_t size : {100, 70, 66, 1, 0}) {
        std::filesystem::resize_file(step_path(root), size);
        EXPECT_FALSE(store->find_step(kKey)) << size;
    }
}

TEST_F(StoreTest, MissesAStepUnderTheNameOfAnother)
{
    store->put_step(kKey, make_step(*store));
    const attest::Digest other = attest::Digest::of("other key");
    std::filesystem::copy_file(step_path(root), root / "steps" / (other.hex() + ".json"));

    EXPECT_FALSE(store->find_step(other));
}

TEST_F(StoreTest, MissesAStepOfAVersionThatRecordedLess)
{
    store->put_step(kKey, make_step(*store));
    const std::string sealed = read_file(step_path(root), 1U << 20);
    nlohmann::json entry = nlohmann::json::parse(unseal(sealed).value());
    ASSERT_EQ(entry.at("evidence").erase("limits_held_by"), 1U);
    write_file_atomically(step_path(root), seal(entry.dump()));

    EXPECT_FALSE(store->find_step(kKey)) << "a statement would lack what nobody recorded";
}

TEST_F(StoreTest, GivesTheLayerWhereTheTreeIsGone)
{
    const StepEntry put = make_step(*store);
    store->put_step(kKey, put);
    std::filesystem::remove(root / "trees" / put.tree);

    const auto found = store->find_step(kKey);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->tree, "");
    EXPECT_EQ(found->layer->blob.digest, put.layer->blob.digest);
}

TEST_F(StoreTest, MissesAStepWhoseLayerIsDamaged)
{
    const StepEntry put = make_step(*store);
    store->put_step(kKey, put);
    std::filesystem::resize_file(blob_path(put.layer->blob.digest), 2);

    EXPECT_FALSE(store->find_step(kKey)) << "without a layer it would look like one without files";
    EXPECT_TRUE(store->has_tree(put.tree)) << "another build may be using it";
}

TEST_F(StoreTest, MissesAStepWhoseTreeAndLayerAreGone)
{
    const StepEntry put = make_step(*store);
    store->put_step(kKey, put);
    std::filesystem::remove(root / "trees" / put.tree);
    std::filesystem::remove(blob_path(put.layer->blob.digest));

    EXPECT_FALSE(store->find_step(kKey));
}

TEST_F(StoreTest, TrustsNoTreeOfAnEarlierBootAndHasItRemoved)
{
    const StepEntry put = make_step(*store);
    store->put_step(kKey, put);
    store->end_build();
    age(step_path(root));

    const auto found = store->find_step(kKey);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->tree, "") << "it may have lost what was not yet on disk";
    EXPECT_EQ(found->layer->blob.digest, put.layer->blob.digest);
    EXPECT_THAT(store->leftover_trees(), ElementsAre(put.tree));
    EXPECT_EQ(store->find_step(kKey)->tree, "") << "and goes on so";
}

TEST_F(StoreTest, KeepsTheUnpackedTreeOfALayer)
{
    const std::string tree = store->new_tree();
    make_tree(tree);
    store->put_layer_tree(kKey, {.tree = tree});
    store->end_build();

    EXPECT_EQ(store->find_layer_tree(kKey)->tree, tree);
    age(root / "layers" / (kKey.hex() + ".json"));
    EXPECT_FALSE(store->find_layer_tree(kKey));
    EXPECT_THAT(store->leftover_trees(), ElementsAre(tree));
}

TEST_F(StoreTest, ForgetsWhateverNamesADistrustedTree)
{
    const StepEntry put = make_step(*store);
    store->put_step(kKey, put);
    store->put_layer_tree(kKey, {.tree = put.tree, .measured = kKey});
    ASSERT_EQ(store->find_layer_tree(kKey)->measured, kKey);
    store->end_build();

    store->distrust_tree(put.tree);

    EXPECT_FALSE(store->find_step(kKey));
    EXPECT_FALSE(store->find_layer_tree(kKey));
    EXPECT_THAT(store->leftover_trees(), IsEmpty()) << "another build may have it mounted";
    EXPECT_TRUE(store->has_tree(put.tree));
}

ImageRef make_image(const std::string& name)
{
    return {.name = name,
            .manifest = {.media_type = kOciManifest, .digest = attest::Digest::of(name), .size = 9},
            .bundle = attest::Digest::of("bundle"),
            .created = "2026-01-02T03:04:05Z"};
}

TEST_F(StoreTest, FindsAnImageByEveryWayToWriteItsName)
{
    store->put_image(make_image("app"));

    for (const char* name : {"app", "app:latest", "docker.io/library/app", "library/app:latest"}) {
        const auto found = store->find_image(name);
        ASSERT_TRUE(found) << name;
        EXPECT_EQ(found->name, "app:latest");
        EXPECT_EQ(found->bundle, attest::Digest::of("bundle"));
    }
    EXPECT_TRUE(store->find_image(attest::Digest::of("app").text()));
    EXPECT_TRUE(store->find_image("app@" + attest::Digest::of("app").text()));
    EXPECT_FALSE(store->find_image("other@" + attest::Digest::of("app").text()));
    EXPECT_FALSE(store->find_image("app:1"));
}

TEST_F(StoreTest, ListsAndRemovesImages)
{
    const std::string path(120, 'a');
    for (const std::string& name :
         {std::string("b:1"), std::string("localhost:5000/a/b:2"), path + "/" + path + ":3"})
        store->put_image(make_image(name));

    EXPECT_THAT(store->images(), SizeIs(3));
    EXPECT_TRUE(store->find_image(path + "/" + path + ":3"));
    EXPECT_TRUE(store->remove_image("localhost:5000/a/b:2"));
    EXPECT_FALSE(store->remove_image("localhost:5000/a/b:2"));
    EXPECT_THAT(store->images(), SizeIs(2));
}

TEST_F(StoreTest, RefusesNamesThatAreNoNames)
{
    for (const char* name :
         {"..", "../x", "a/../b", "/etc/passwd", "a\nb", "a\x1b[2J", "A", "", "a:", "a b", "-a"})
        error_of(ErrorKind::kUsage, [&] { store->put_image(make_image(name)); });
    EXPECT_THAT(store->images(), IsEmpty());
}

TEST_F(StoreTest, SaysThatTheEntryOfAnImageIsDamaged)
{
    store->put_image(make_image("app:1"));
    std::filesystem::resize_file(root / "images" / "app%3A1.json", 20);

    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { (void)store->find_image("app:1"); }),
                HasSubstr("damaged"));
    EXPECT_TRUE(store->remove_image("app:1"));
}

} // namespace
} // namespace caisson::runner

// What we write against the schemas of the image-spec.

#include "runner/image/layout_contents.hh"
#include "runner/image/output.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace caisson::runner {
namespace {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

json read_schema(const std::string& name)
{
    const std::filesystem::path folder = checkout::shared() / "conformance/oci-image-schema";
    std::string text = read_file(folder / name, 1U << 20);
    // The bound of int64 is written rounded up, beyond it, and valijson's adapter for this library
    // takes it for a negative number.
    const std::string rounded = "9223372036854776000";
    for (std::size_t at = 0; (at = text.find(rounded, at)) != std::string::npos;)
        text.replace(at, rounded.size(), "9223372036854774784");
    return json::parse(text);
}

/// The schemas refer to each other by file name; what valijson makes of that and of the "id" of the
/// referring one still ends with it.
const json* fetch(const std::string& uri)
{
    for (const char* name : {"defs-descriptor.json", "content-descriptor.json", "defs.json"})
        if (uri.ends_with(name)) return new json(read_schema(name));
    throw Error(ErrorKind::kInternal, "no schema \"" + uri + "\"");
}

/// What the schema has against a document; empty: nothing.
std::string complaints(const std::string& schema_name, const std::string& text)
{
    const json schema_json = read_schema(schema_name);
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(
        Adapter(schema_json), schema, fetch, [](const json* fetched) { delete fetched; });
    const json document = json::parse(text);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema, Adapter(document), &results)) return {};
    std::string all;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
        for (const std::string& part : error.context)
            all += part;
        all += ": " + error.description + "\n";
    }
    return all;
}

class OciSchema : public ::testing::Test {
protected:
    TempDirectory directory{std::filesystem::temp_directory_path()};
    std::unique_ptr<Store> store = Store::open(directory.path() / "store");

    static ImageConfig full_config()
    {
        ImageConfig config = scratch_config();
        config.created = rfc3339(981173106);
        config.user = "7:8";
        config.exposed_ports = {"8080/tcp"};
        config.environment = {{"PATH", "/bin"}};
        config.entrypoint = {"/app"};
        config.cmd = {"x"};
        config.volumes = {"/data"};
        config.working_directory = "/";
        config.labels = {{"a", "b"}};
        config.stop_signal = "SIGTERM";
        config.shell = {"/bin/sh", "-c"};
        config.healthcheck = {{"Test", {"NONE"}}};
        config.onbuild = {"RUN true"};
        config.history = {{.created = config.created, .created_by = "COPY", .comment = "c"}};
        return config;
    }
    OutputImage make_image()
    {
        ImageConfig config = full_config();
        const attest::Digest blob = store->put_blob("layer");
        config.diff_ids = {attest::Digest::of("tar")};
        return {.manifest =
                    store_image(*store,
                                config,
                                {{.blob = {.media_type = kOciLayerGzip, .digest = blob, .size = 5},
                                  .diff_id = config.diff_ids[0]}}),
                .names = {"app:1"},
                .bundle = store->put_blob("{}\n")};
    }
};

TEST_F(OciSchema, AcceptsOurConfigurations)
{
    CAISSON_REQUIRE_SHARED_DATA();
    EXPECT_EQ(complaints("config-schema.json", to_json_text(full_config())), "");
    EXPECT_EQ(complaints("config-schema.json", to_json_text(scratch_config())), "");
}

TEST_F(OciSchema, AcceptsOurManifestsIndexAndLayout)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const OutputImage image = make_image();
    EXPECT_EQ(complaints("image-manifest-schema.json", store->read_blob(image.manifest.digest)),
              "");
    EXPECT_EQ(complaints("image-layout-schema.json", std::string(kLayoutMarker)), "");
    for (const Attestation attestation : {Attestation::kListed, Attestation::kPointedTo}) {
        const LayoutContents contents = layout_contents(*store, image, attestation);
        EXPECT_EQ(complaints("image-index-schema.json", index_text(contents.index, {})), "");
        for (const auto& blob : contents.blobs) {
            if (blob.bytes.size() <= 2) continue; // from the store, or the empty configuration
            EXPECT_EQ(complaints("image-manifest-schema.json", blob.bytes), "");
        }
        for (const Descriptor& entry : contents.index)
            EXPECT_EQ(complaints("content-descriptor.json", to_json(entry).dump()), "");
    }
}

TEST_F(OciSchema, CanSayNo)
{
    CAISSON_REQUIRE_SHARED_DATA();
    EXPECT_NE(complaints("config-schema.json", R"({"os":"linux"})"), "");
    EXPECT_NE(complaints("image-manifest-schema.json",
                         R"({"schemaVersion":2,"config":{"digest":"sha256:x"},"layers":[]})"),
              "");
    EXPECT_NE(complaints("image-index-schema.json", R"({"schemaVersion":2})"), "");
}

} // namespace
} // namespace caisson::runner

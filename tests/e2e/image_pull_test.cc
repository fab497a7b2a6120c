// Pulling from the registry that most run: distribution's, filled by skopeo.

#include "runner/image/layer_writer.hh"
#include "runner/image/output.hh"
#include "runner/registry/pull.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/support/require.hh"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <thread>

namespace caisson::runner {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

/// docker-registry on a port of the loopback interface that the kernel chose.
class RealRegistry : public ::testing::Test {
protected:
    TempDirectory directory{fs::temp_directory_path(), "caisson-registry-test-"};
    std::optional<Program> registry;
    std::string address;
    RegistryAccess access{
        .hosts = Hosts({}), .credentials = Credentials({}, {}), .plain_http_loopback = true};

    void SetUp() override
    {
        CAISSON_REQUIRE(fs::exists("/usr/bin/docker-registry"), "docker-registry is not installed");
        CAISSON_REQUIRE(fs::exists("/usr/bin/skopeo"), "skopeo is not installed");
        const fs::path config = directory.path() / "config.yml";
        const fs::path log = directory.path() / "log";
        write_file_atomically(config,
                              "version: 0.1\n"
                              "log: {accesslog: {disabled: true}}\n"
                              "storage: {filesystem: {rootdirectory: " +
                                  directory.path().native() +
                                  "/data}}\n"
                                  "http: {addr: \"127.0.0.1:0\"}\n");
        const UniqueFd output = open_file(log, O_WRONLY | O_CREAT, 0644);
        registry = Program::start({.path = "/usr/bin/docker-registry",
                                   .arguments = {"serve", config},
                                   .environment = {"OTEL_TRACES_EXPORTER=none"},
                                   .standard_output = output.get(),
                                   .standard_error = output.get()});
        address = wait_for_address(log);
        ASSERT_NE(address, "") << read_file(log, 1U << 20);
    }

    static std::string wait_for_address(const fs::path& log)
    {
        constexpr std::string_view kSaid = "listening on ";
        for (int tries = 0; tries < 200; ++tries) {
            const std::string text = read_file(log, 1U << 20);
            const std::size_t at = text.find(kSaid);
            if (at != std::string::npos) {
                const std::size_t start = at + kSaid.size();
                return text.substr(start, text.find_first_not_of("0123456789.:", start) - start);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return {};
    }

    /// Makes an image and pushes it by skopeo.
    Descriptor push(const std::string& name)
    {
        const auto store = Store::open(directory.path() / "store");
        auto [read_end, write_end] = make_pipe();
        write_all(write_end.get(), "not quite a tar");
        write_end.reset();
        const Layer layer = store_layer(*store, read_end.get());
        ImageConfig config = scratch_config();
        config.diff_ids = {layer.diff_id};
        const OutputImage image{.manifest = store_image(*store, config, {layer}), .names = {"x:1"}};
        const fs::path layout = directory.path() / "layout";
        write_oci_layout(*store, image, layout);
        (void)run_program(
            {.path = "/usr/bin/skopeo",
             .arguments = {"copy",
                           "--insecure-policy",
                           "--preserve-digests",
                           "--dest-tls-verify=false",
                           "oci:" + layout.native() + ":1",
                           "docker://" + address + "/" + name},
             .environment = {"PATH=/usr/bin:/bin", "HOME=" + directory.path().native()}});
        return image.manifest;
    }
};

TEST_F(RealRegistry, GivesWhatWasPushed)
{
    const Descriptor pushed = push("team/app:1.4");
    const auto store = Store::open(directory.path() / "other store");
    const BaseImage by_tag = pull(*store, access, address + "/team/app:1.4");
    const BaseImage by_digest = pull(*store, access, address + "/team/app@" + pushed.digest.text());

    EXPECT_EQ(by_tag.manifest.digest, pushed.digest);
    EXPECT_EQ(by_digest.manifest.digest, pushed.digest);
    ASSERT_EQ(by_tag.layers.size(), 1U);
    EXPECT_EQ(by_tag.layers[0].diff_id, attest::Digest::of("not quite a tar"));
    EXPECT_TRUE(store->has_blob(by_tag.layers[0].blob.digest, by_tag.layers[0].blob.size));
}

TEST_F(RealRegistry, SaysWhatItHasNot)
{
    const auto store = Store::open(directory.path() / "store");
    try {
        (void)pull(*store, access, address + "/team/app:9");
        FAIL() << "pulled what was never pushed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInput);
        EXPECT_THAT(error.what(), HasSubstr("team/app:9"));
        EXPECT_THAT(error.what(), HasSubstr("404 (MANIFEST_UNKNOWN"));
    }
}

} // namespace
} // namespace caisson::runner

#include "../store/fixture.hh"
#include "runner/cli/command.hh"
#include "runner/image/output.hh"
#include "sandbox/base/scope_exit.hh"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>

namespace caisson::runner {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// `caisson image …` over a store with one image.
class ImageCommand : public StoreTest {
protected:
    Descriptor manifest;

    void SetUp() override
    {
        ::setenv("CAISSON_STORE", root.c_str(), 1);
        ImageConfig config = scratch_config();
        config.cmd = {"/bin/sh", "-c", "echo \x1b[2J"};
        config.labels = {{"note", "two\nlines\x7f"}};
        const attest::Digest blob = store->put_blob("layer");
        config.diff_ids = {attest::Digest::of("tar")};
        manifest = store_image(*store,
                               config,
                               {{.blob = {.media_type = kOciLayerGzip, .digest = blob, .size = 5},
                                 .diff_id = config.diff_ids[0]}});
        store->put_image({.name = "example.org/app:1.4",
                          .manifest = manifest,
                          .bundle = store->put_blob("{}"),
                          .created = "2026-01-02T03:04:05Z"});
    }
    static std::string run(const std::string& line)
    {
        CLI::App app;
        const Action action = add_image(app);
        app.parse(line);
        std::string printed;
        ::testing::internal::CaptureStdout();
        {
            const ScopeExit end([&] { printed = ::testing::internal::GetCapturedStdout(); });
            EXPECT_EQ(action(), 0);
        }
        return printed;
    }
};

TEST_F(ImageCommand, ListsForPeopleAndPrograms)
{
    EXPECT_THAT(
        run("list"),
        AllOf(HasSubstr("NAME"), HasSubstr("example.org/app:1.4  sha256:"), HasSubstr("yes")));
    const json rows = json::parse(run("list --json"));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0]["name"], "example.org/app:1.4");
    EXPECT_EQ(rows[0]["digest"], manifest.digest.text());
    EXPECT_EQ(rows[0]["attestation"], attest::Digest::of("{}").text());
}

TEST_F(ImageCommand, InspectsByNameAndDigestWithoutLettingTextOut)
{
    for (const std::string& name : {std::string("example.org/app:1.4"), manifest.digest.text()}) {
        const std::string page = run("inspect " + name);
        EXPECT_THAT(page,
                    AllOf(HasSubstr(manifest.digest.text()),
                          HasSubstr(attest::Digest::of("layer").text()),
                          HasSubstr("two\\u{a}lines\\u{7f}"),
                          HasSubstr("echo \\u001b[2J"),
                          Not(HasSubstr("\x1b"))));
    }
    const std::string text = run("inspect --json example.org/app:1.4");
    EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x7f"))));
    const json page = json::parse(text);
    EXPECT_EQ(page["config"]["config"]["Labels"]["note"], "two\nlines\x7f");
    EXPECT_EQ(page["layers"][0]["diffId"], attest::Digest::of("tar").text());
}

TEST_F(ImageCommand, CopiesUnderItsOwnOrAnotherTag)
{
    const std::string out = directory.path() / "out";
    run("copy example.org/app:1.4 oci:" + out);
    run("copy example.org/app:1.4 oci:" + out + ":next");
    run("copy example.org/app:1.4 oci-archive:" + out + ".tar");

    const std::string index = read_file(out + "/index.json", 1U << 20);
    EXPECT_THAT(index,
                AllOf(HasSubstr("\"example.org/app:1.4\""), HasSubstr("\"example.org/app:next\"")));
    EXPECT_TRUE(std::filesystem::exists(out + ".tar.sigstore.json"));
}

TEST_F(ImageCommand, RefusesDestinationsItDoesNotKnow)
{
    EXPECT_THAT(error_of(ErrorKind::kUsage, [] { run("copy example.org/app:1.4 docker:x"); }),
                HasSubstr("of no known kind"));
    EXPECT_THAT(error_of(ErrorKind::kUsage, [] { run("copy example.org/app:1.4 oci:"); }),
                HasSubstr("names no path"));
    EXPECT_THROW(run("copy example.org/app:1.4 oci:x:-bad"), Error);
}

TEST_F(ImageCommand, RemovesAllNamesOrNone)
{
    EXPECT_THAT(error_of(ErrorKind::kInput, [] { run("rm example.org/app:1.4 absent"); }),
                HasSubstr("no image \"absent\""));
    EXPECT_TRUE(store->find_image("example.org/app:1.4"));
    run("rm example.org/app:1.4");
    EXPECT_FALSE(store->find_image("example.org/app:1.4"));
}

} // namespace
} // namespace caisson::runner

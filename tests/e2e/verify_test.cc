// `caisson verify` on files that someone handed over: a layout, an archive, a digest, and each of
// them tampered with. The attestation is signed by the real caisson-signer.
#include "attest/provenance.hh"
#include "attest/signer/client.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/support/document.hh"
#include "tests/support/example_record.hh"
#include "tests/support/paths.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>

namespace caisson::attest {
namespace {

using nlohmann::json;

constexpr const char* kManifest = "application/vnd.oci.image.manifest.v1+json";

struct Ran {
    int exit = 0;
    std::string said;
};

class VerifyImage : public ::testing::Test {
protected:
    void SetUp() override
    {
        std::filesystem::create_directories(layout_ / "blobs/sha256");
        layer_ = put(std::string(100'000, 'x'));
        const Digest config = put("{}");
        manifest_ = put(json({{"schemaVersion", 2},
                              {"config", {{"digest", config.text()}, {"size", 2}}},
                              {"layers", json::array({{{"digest", layer_.text()}}})}})
                            .dump());
        // the attestation lies in the layout as a referrer: it is no second image
        const Digest referrer = put(json({{"schemaVersion", 2},
                                          {"subject", {{"digest", manifest_.text()}}},
                                          {"config", {{"digest", config.text()}}}})
                                        .dump());
        write_index({manifest_, referrer});
        const std::filesystem::path signer = checkout::bin() / "caisson-signer";
        write_file_atomically(path("key.pub"), make_key(signer, path("key.pem")));
        record_.subject = manifest_;
        const Signed proof = SignerClient::start({signer, path("key.pem")})
                                 .sign(make_provenance(record_), record_.builder_id);
        for (const char* name : {"app.sigstore.json", "app.tar.sigstore.json"})
            write_file_atomically(path(name), proof.bundle);
        pack();
    }

    Digest put(const std::string& bytes)
    {
        Digest digest = Digest::of(bytes);
        write_file_atomically(blob(digest), bytes);
        return digest;
    }

    void write_index(const std::vector<Digest>& manifests)
    {
        json list = json::array();
        for (const Digest& digest : manifests)
            list.push_back({{"mediaType", kManifest}, {"digest", digest.text()}, {"size", 1}});
        write_file_atomically(layout_ / "index.json",
                              json({{"schemaVersion", 2}, {"manifests", list}}).dump());
    }

    void pack()
    {
        ASSERT_EQ(run("/bin/tar", {"-C", layout_, "-cf", path("app.tar"), "."}).exit, 0);
    }

    [[nodiscard]] std::filesystem::path blob(const Digest& digest) const
    {
        return layout_ / "blobs/sha256" / digest.hex();
    }
    [[nodiscard]] std::string path(const char* name) const { return directory_.path() / name; }

    [[nodiscard]] Ran run(const std::filesystem::path& program,
                          std::vector<std::string> arguments) const
    {
        const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
        ProgramOptions options;
        options.path = program;
        options.arguments = std::move(arguments);
        options.environment = {"PATH=/usr/bin:/bin:" + checkout::bin().native(),
                               "HOME=" + directory_.path().native(),
                               "CAISSON_STORE=" + path("store")};
        options.standard_output = output.get();
        options.standard_error = output.get();
        Ran ran;
        ran.exit = Program::start(options).wait();
        ::lseek(output.get(), 0, SEEK_SET);
        ran.said = read_all(output.get(), 1U << 20, "output");
        return ran;
    }

    [[nodiscard]] Ran verify(const std::string& image, std::vector<std::string> more = {}) const
    {
        std::vector<std::string> arguments = {"verify", "--key", path("key.pub"), image};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(checkout::bin() / "caisson", std::move(arguments));
    }

    /// Exit code and output of a check of both forms of the image, which must agree.
    [[nodiscard]] Ran verify_both() const
    {
        Ran layout = verify(path("app"));
        const Ran archive = verify(path("app.tar"));
        EXPECT_EQ(layout.exit, archive.exit) << layout.said << archive.said;
        return layout;
    }

    const TempDirectory directory_{std::filesystem::temp_directory_path()};
    const std::filesystem::path layout_ = directory_.path() / "app";
    BuildRecord record_ = example_record();
    Digest manifest_;
    Digest layer_;
};

TEST_F(VerifyImage, HoldsForLayoutArchiveAndDigest)
{
    EXPECT_EQ(verify_both().exit, 0) << verify_both().said;
    EXPECT_EQ(verify(path("app/")).exit, 0);
    EXPECT_EQ(verify(manifest_.text(), {"--bundle", path("app.sigstore.json")}).exit, 0);
    EXPECT_EQ(verify(path("app.tar"), {"--builder-id", record_.builder_id}).exit, 0);
    EXPECT_FALSE(std::filesystem::exists(path("store"))) << "an auditor gets no store";
}

TEST_F(VerifyImage, FailsForAnotherBuilderDigestOrKey)
{
    EXPECT_EQ(verify(path("app"), {"--builder-id", record_.builder_id + "/self-held"}).exit, 4);
    EXPECT_EQ(verify(layer_.text(), {"--bundle", path("app.sigstore.json")}).exit, 4);
    write_file_atomically(path("key.pub"),
                          make_key(checkout::bin() / "caisson-signer", path("other.pem")));
    EXPECT_EQ(verify_both().exit, 4);
}

TEST_F(VerifyImage, FailsForAChangedLayer)
{
    write_file_atomically(blob(layer_), std::string(99'999, 'x') + 'y');
    pack();

    EXPECT_EQ(verify_both().exit, 4);
}

TEST_F(VerifyImage, FailsForAChangedManifest)
{
    write_file_atomically(blob(manifest_), read_file(blob(manifest_), 1U << 20) + ' ');
    pack();

    EXPECT_EQ(verify_both().exit, 4);
}

TEST_F(VerifyImage, FailsForAnotherImageUnderTheSameBundle)
{
    write_index({put(json({{"schemaVersion", 2}, {"layers", json::array()}}).dump())});
    pack();

    const Ran ran = verify_both();

    EXPECT_EQ(ran.exit, 4);
    EXPECT_NE(ran.said.find("FAILS  subject"), std::string::npos) << ran.said;
    EXPECT_NE(ran.said.find("NOT VERIFIED"), std::string::npos) << ran.said;
}

TEST_F(VerifyImage, RefusesWhatIsMissingOrAmbiguous)
{
    std::filesystem::remove(blob(layer_));
    pack();
    EXPECT_EQ(verify_both().exit, 6) << "a layer is missing";

    write_index({manifest_, put(json({{"schemaVersion", 2}, {"x", 1}}).dump())});
    put(std::string(100'000, 'x'));
    pack();
    EXPECT_EQ(verify_both().exit, 6) << "two images";

    std::filesystem::remove(path("app.sigstore.json"));
    std::filesystem::remove(path("app.tar.sigstore.json"));
    write_index({manifest_});
    pack();
    EXPECT_EQ(verify_both().exit, 6) << "no attestation";
    EXPECT_EQ(verify(path("nothing")).exit, 6);
}

TEST_F(VerifyImage, RefusesHostileIndexes)
{
    for (const char* index : {"",
                              "[]",
                              R"({"manifests":[]})",
                              R"({"manifests":[{"digest":"sha256:../../../../etc/passwd"}]})",
                              R"({"manifests":[{"digest":"sha512:00"}]})",
                              R"({"manifests":[],"manifests":[]})"}) {
        write_file_atomically(layout_ / "index.json", index);
        pack();
        EXPECT_EQ(verify_both().exit, 6) << index;
    }
}

TEST_F(VerifyImage, RefusesArchivesThatReadersTakeDifferently)
{
    ASSERT_EQ(run("/bin/tar", {"-C", layout_, "-rf", path("app.tar"), "./index.json"}).exit, 0);
    EXPECT_EQ(verify(path("app.tar")).exit, 6) << "index.json twice";

    pack();
    std::filesystem::resize_file(path("app.tar"), 60'000);
    EXPECT_EQ(verify(path("app.tar")).exit, 6) << "cut short";

    ASSERT_EQ(run("/bin/tar", {"-C", layout_, "-czf", path("app.tar"), "."}).exit, 0);
    EXPECT_EQ(verify(path("app.tar")).exit, 6) << "compressed";
}

TEST_F(VerifyImage, DoesWhatTheDocumentSays)
{
    const std::string script = "set -eu; cd " + directory_.path().native() +
                               "; BUILDER_ID=" + record_.builder_id +
                               "; DIGEST=" + manifest_.text() + "\n" +
                               testing::document_blocks("docs/verifying.md", "caisson");

    const Ran ran = run("/bin/sh", {"-c", script});

    EXPECT_EQ(ran.exit, 0) << ran.said;
    EXPECT_NE(ran.said.find("\nverified\nimage sha256:"), std::string::npos) << ran.said;
    EXPECT_NE(ran.said.find("NOT VERIFIED: this is what the file says"), std::string::npos)
        << ran.said;
}

} // namespace
} // namespace caisson::attest

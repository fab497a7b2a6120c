// What we sign, before readers that nobody here wrote: openssl, ssh-keygen, @sigstore/verify. Each
// is also given something false, which it must refuse: a reader that accepts anything proves
// nothing.
#include "attest/dsse/pae.hh"
#include "attest/provenance.hh"
#include "attest/signer/client.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "tests/support/document.hh"
#include "tests/support/example_record.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <cstdlib>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::attest {
namespace {

using nlohmann::json;

/// A program as a user would find it; empty where it is not installed.
std::filesystem::path on_path(const std::string& name)
{
    const char* variable = std::getenv("PATH");
    std::string rest = variable == nullptr ? "" : variable;
    for (rest += ':'; !rest.empty(); rest.erase(0, rest.find(':') + 1)) {
        std::filesystem::path found = std::filesystem::path(rest.substr(0, rest.find(':'))) / name;
        if (found.is_absolute() && ::access(found.c_str(), X_OK) == 0) return found;
    }
    return {};
}

class Readers : public ::testing::Test {
protected:
    void SetUp() override
    {
        write_file_atomically(path("key.pub"), signed_.public_key);
        write_file_atomically(path("app.tar.sigstore.json"), signed_.bundle);
    }

    [[nodiscard]] std::string path(const char* name) const { return directory_.path() / name; }

    /// What the program printed, or "refused" where it ended with an error.
    [[nodiscard]] static std::string run(const std::filesystem::path& program,
                                         std::vector<std::string> arguments)
    {
        ProgramOptions options;
        options.path = program;
        options.arguments = std::move(arguments);
        options.environment = {"PATH=/usr/bin:/bin"};
        try {
            return run_program(options);
        } catch (const Error&) {
            return "refused";
        }
    }

    Signed sign()
    {
        const std::filesystem::path program = checkout::bin() / "caisson-signer";
        make_key(program, path("key.pem"));
        return SignerClient::start({program, path("key.pem")})
            .sign(statement_, example_record().builder_id);
    }

    const TempDirectory directory_{std::filesystem::temp_directory_path()};
    const std::string statement_ = make_provenance(example_record());
    const Signed signed_ = sign();
};

TEST_F(Readers, OpensslVerifiesTheSignatureOverThePae)
{
    const auto openssl = on_path("openssl");
    CAISSON_REQUIRE(!openssl.empty(), "openssl is not installed");
    const json envelope = json::parse(signed_.envelope);
    const std::string signature = envelope["signatures"][0]["sig"];
    write_file_atomically(path("sig"), *base64_decode(signature));
    const auto verify_over = [&](const std::string& bytes) {
        write_file_atomically(path("pae"), bytes);
        return run(openssl,
                   {"dgst",
                    "-sha256",
                    "-verify",
                    path("key.pub"),
                    "-signature",
                    path("sig"),
                    path("pae")});
    };

    EXPECT_EQ(verify_over(dsse::pae(kPayloadType, statement_)), "Verified OK\n");
    EXPECT_EQ(verify_over(statement_), "refused");
}

TEST_F(Readers, SshKeygenGivesTheKeyTheSameName)
{
    const auto ssh_keygen = on_path("ssh-keygen");
    CAISSON_REQUIRE(!ssh_keygen.empty(), "openssh-client is not installed");
    write_file_atomically(path("ssh.pub"),
                          run(ssh_keygen, {"-i", "-m", "PKCS8", "-f", path("key.pub")}));

    const std::string said = run(ssh_keygen, {"-l", "-f", path("ssh.pub")});

    EXPECT_EQ(said.substr(0, said.find(' ', 4)), "256 " + signed_.key_id);
}

TEST_F(Readers, SigstoreVerifiesTheBundle)
{
    const auto node = on_path("node");
    CAISSON_REQUIRE(!node.empty(), "node is not installed");
    CAISSON_REQUIRE(std::filesystem::exists(checkout::readers() / "installed"),
                    "run tests/support/install_readers with the build directory");
    const auto verify_file = [&](const char* bundle) {
        return run(node,
                   {checkout::source() / "tests/support/verify_bundle.mjs",
                    checkout::readers(),
                    path(bundle),
                    path("key.pub")});
    };

    EXPECT_EQ(verify_file("app.tar.sigstore.json"), "verified by " + signed_.key_id + "\n");
    json changed = json::parse(signed_.bundle);
    changed["dsseEnvelope"]["payload"] = base64_encode(statement_ + ' ');
    write_file_atomically(path("changed.json"), changed.dump());
    EXPECT_EQ(verify_file("changed.json"), "refused");
}

TEST_F(Readers, CanDoWhatTheDocumentSays)
{
    for (const char* program : {"openssl", "jq", "ssh-keygen", "node"})
        CAISSON_REQUIRE(!on_path(program).empty(), std::string(program) + " is not installed");
    CAISSON_REQUIRE(std::filesystem::exists(checkout::readers() / "installed"),
                    "run tests/support/install_readers with the build directory");
    const std::string script = "set -eu; cd " + directory_.path().native() +
                               "; SOURCE=" + checkout::source().native() +
                               "; READERS=" + checkout::readers().native() + "\n" +
                               testing::document_blocks("docs/verifying.md", "openssl") +
                               testing::document_blocks("docs/verifying.md", "sigstore");

    const std::string said = run("/bin/sh", {"-c", script});

    EXPECT_NE(said.find("Verified OK"), std::string::npos) << said;
    EXPECT_NE(said.find('\n' + example_record().subject.hex() + '\n'), std::string::npos) << said;
    EXPECT_NE(said.find("256 " + signed_.key_id), std::string::npos) << said;
    EXPECT_NE(said.find("verified by " + signed_.key_id), std::string::npos) << said;
}

} // namespace
} // namespace caisson::attest

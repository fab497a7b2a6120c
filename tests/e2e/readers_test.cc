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
#include "tests/support/example_record.hh"

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
        const std::filesystem::path found =
            std::filesystem::path(rest.substr(0, rest.find(':'))) / name;
        if (found.is_absolute() && ::access(found.c_str(), X_OK) == 0) return found;
    }
    return {};
}

class Readers : public ::testing::Test {
protected:
    void SetUp() override
    {
        write_file_atomically(path("key.pub"), signed_.public_key);
        write_file_atomically(path("bundle.json"), signed_.bundle);
    }

    /// Skips with the reason, or fails where everything has to run.
    void require(const std::filesystem::path& what)
    {
        if (!what.empty() && std::filesystem::exists(what)) return;
        const char* must_run = std::getenv("CAISSON_TESTS_MUST_RUN");
        if (must_run != nullptr && std::string(must_run) == "1") FAIL() << missing_;
        GTEST_SKIP() << missing_;
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
        const std::filesystem::path program = CAISSON_BIN_DIR "/caisson-signer";
        make_key(program, path("key.pem"));
        return SignerClient::start({program, path("key.pem")})
            .sign(statement_, example_record().builder_id);
    }

    std::string missing_ =
        "not installed: openssl, openssh-client, or what install_readers installs";
    const TempDirectory directory_{std::filesystem::temp_directory_path()};
    const std::string statement_ = make_provenance(example_record());
    const Signed signed_ = sign();
};

TEST_F(Readers, OpensslVerifiesTheSignatureOverThePae)
{
    const auto openssl = on_path("openssl");
    require(openssl);
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
    require(ssh_keygen);
    write_file_atomically(path("ssh.pub"),
                          run(ssh_keygen, {"-i", "-m", "PKCS8", "-f", path("key.pub")}));

    const std::string said = run(ssh_keygen, {"-l", "-f", path("ssh.pub")});

    EXPECT_EQ(said.substr(0, said.find(' ', 4)), "256 " + signed_.key_id);
}

TEST_F(Readers, SigstoreVerifiesTheBundle)
{
    const auto node = on_path("node");
    require(node);
    const std::string readers = CAISSON_READERS_DIR;
    require(readers + "/installed");
    if (IsSkipped() || HasFatalFailure()) return;
    const auto verify_file = [&](const std::string& bundle) {
        return run(node,
                   {CAISSON_SOURCE_DIR "/tests/support/verify_bundle.mjs",
                    readers,
                    bundle,
                    path("key.pub")});
    };

    EXPECT_EQ(verify_file(path("bundle.json")), "verified by " + signed_.key_id + "\n");
    json changed = json::parse(signed_.bundle);
    changed["dsseEnvelope"]["payload"] = base64_encode(statement_ + ' ');
    write_file_atomically(path("changed.json"), changed.dump());
    EXPECT_EQ(verify_file(path("changed.json")), "refused");
}

} // namespace
} // namespace caisson::attest

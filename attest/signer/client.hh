#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace caisson::attest {

/// How a signer is reached: the program and the key only it reads.
struct SignerOptions {
    std::filesystem::path program; ///< caisson-signer
    std::filesystem::path key;     ///< PKCS#8 PEM, ECDSA P-256
};

/// What came back for one statement.
struct Signed {
    std::string envelope;   ///< DSSE envelope, JSON
    std::string bundle;     ///< Sigstore bundle v0.3, JSON
    std::string key_id;     ///< "SHA256:…", the key's ssh fingerprint
    std::string public_key; ///< SPKI PEM
};

/// A signer process, started early so that it is ready when the build is. It is sent statements,
/// never a path or a command, and signs one at a time; so this is for one thread. The private key's
/// bytes never enter this process.
class SignerClient {
public:
    /// Starts it and returns at once: it makes itself ready while the caller goes on.
    static SignerClient start(const SignerOptions& options);
    SignerClient(SignerClient&&) noexcept;
    SignerClient& operator=(SignerClient&&) noexcept;
    ~SignerClient();

    /// Waits until the signer is ready, on first use. A key that cannot be used is an Error of kind
    /// kInput: ask before the first step, and it is told there and not at the end of the build.
    [[nodiscard]] const std::string& key_id();
    /// Signs one provenance statement for `builder_id`. The signer's refusal is an Error of kind
    /// kRefused.
    [[nodiscard]] Signed sign(const std::string& statement, const std::string& builder_id);

private:
    struct State;
    explicit SignerClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Makes a new key at `key` (0600; an existing file is an Error of kind kInput) by the signer
/// program and returns its public half as SPKI PEM.
std::string make_key(const std::filesystem::path& program, const std::filesystem::path& key);
/// The public half of an existing private key, by the signer program.
std::string show_key(const std::filesystem::path& program, const std::filesystem::path& key);

} // namespace caisson::attest

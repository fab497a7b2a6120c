#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st; // OpenSSL's EVP_PKEY; only openssl.hh includes its headers

namespace caisson::attest {

struct FreeKey {
    void operator()(evp_pkey_st* key) const noexcept;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, FreeKey>;

/// The public half of an ECDSA P-256 key.
class PublicKey {
public:
    /// Reads SPKI PEM; another kind of key, curve or encoding is an Error of kind kInput.
    [[nodiscard]] static PublicKey from_pem(std::string_view pem);

    [[nodiscard]] const std::string& pem() const noexcept { return pem_; } ///< SPKI
    /// "SHA256:…" as `ssh-keygen -l` prints it. It must be exactly that: sigstore-go names a plain
    /// key so, and skips a signature whose key id differs.
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    /// Whether `signature` (DER) is this key's over SHA-256 of `message`; false for damaged input.
    [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;

private:
    friend class PrivateKey;
    explicit PublicKey(KeyHandle key);

    KeyHandle key_;
    std::string pem_;
    std::string id_;
};

/// An ECDSA P-256 key that can sign. Only caisson-signer makes one.
class PrivateKey {
public:
    [[nodiscard]] static PrivateKey generate();
    /// Reads PKCS#8 PEM without a passphrase; anything else is an Error of kind kInput.
    [[nodiscard]] static PrivateKey from_pem(std::string_view pem);

    [[nodiscard]] std::string pem() const; ///< PKCS#8
    [[nodiscard]] PublicKey public_key() const;
    /// DER over SHA-256 of `message`; differs from call to call.
    [[nodiscard]] std::string sign(std::string_view message) const;

private:
    explicit PrivateKey(KeyHandle key)
        : key_(std::move(key))
    {}

    KeyHandle key_;
};

} // namespace caisson::attest

#include "attest/key.hh"

#include "attest/openssl.hh"
#include "sandbox/base/base64.hh"

#include <array>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

namespace caisson::attest {
namespace {

constexpr std::size_t kPointSize = 65; // 04, X, Y

[[noreturn]] void refuse_key(const std::string& why)
{
    throw Error(ErrorKind::kInput,
                why,
                "caisson signs with ECDSA P-256: openssl genpkey -algorithm EC -pkeyopt "
                "ec_paramgen_curve:P-256, or caisson key new");
}

std::string text_parameter(const EVP_PKEY* key, const char* name)
{
    std::array<char, 64> text = {};
    if (EVP_PKEY_get_utf8_string_param(key, name, text.data(), text.size(), nullptr) != 1) {
        (void)openssl::take_errors();
        return {};
    }
    return text.data();
}

/// The point as 04, X, Y. A key that says its curve by numbers instead of by name is refused: Go
/// does not read it, so others could not check what it signed. A compressed point, which Go does
/// not read either, is written out.
std::string checked_point(EVP_PKEY* key)
{
    if (EVP_PKEY_is_a(key, "EC") != 1 ||
        text_parameter(key, OSSL_PKEY_PARAM_GROUP_NAME) != SN_X9_62_prime256v1 ||
        text_parameter(key, OSSL_PKEY_PARAM_EC_ENCODING) != OSSL_PKEY_EC_ENCODING_GROUP)
        refuse_key("the key is not ECDSA on the named curve P-256");
    openssl::require(
        EVP_PKEY_set_utf8_string_param(key,
                                       OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED),
        "EVP_PKEY_set_utf8_string_param");
    std::array<unsigned char, kPointSize> point = {};
    std::size_t size = 0;
    openssl::require(
        EVP_PKEY_get_octet_string_param(
            key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(), point.size(), &size),
        "EVP_PKEY_get_octet_string_param");
    return {point.begin(), point.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// A string of the ssh wire format (RFC 4251 section 5): four bytes of length, then the bytes.
std::string ssh_string(std::string_view text)
{
    std::string wire;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        wire += static_cast<char>(text.size() >> shift & 0xffU);
    return wire.append(text);
}

/// RFC 5656 section 3.1: the public key blob of ecdsa-sha2-nistp256.
std::string ssh_fingerprint(std::string_view point)
{
    const std::string blob =
        ssh_string("ecdsa-sha2-nistp256") + ssh_string("nistp256") + ssh_string(point);
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash = {};
    unsigned int size = 0;
    openssl::require(
        EVP_Digest(blob.data(), blob.size(), hash.data(), &size, EVP_sha256(), nullptr),
        "EVP_Digest");
    std::string text = base64_encode(std::string(hash.begin(), hash.begin() + size));
    text.erase(text.find_last_not_of('=') + 1);
    return "SHA256:" + text;
}

openssl::Bio reading_from(std::string_view text)
{
    return openssl::Bio(openssl::require(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "BIO_new_mem_buf"));
}

std::string contents_of(BIO* memory)
{
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

/// In place of a prompt on the terminal, which is OpenSSL's default.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*rwflag*/, void* /*user*/)
{
    return -1;
}

} // namespace

void FreeKey::operator()(evp_pkey_st* key) const noexcept
{
    EVP_PKEY_free(key);
}

PublicKey::PublicKey(KeyHandle key)
    : key_(std::move(key))
    , id_(ssh_fingerprint(checked_point(key_.get())))
{
    const openssl::Bio memory(openssl::require(BIO_new(BIO_s_mem()), "BIO_new"));
    openssl::require(PEM_write_bio_PUBKEY(memory.get(), key_.get()), "PEM_write_bio_PUBKEY");
    pem_ = contents_of(memory.get());
}

PublicKey PublicKey::from_pem(std::string_view pem)
{
    KeyHandle key(PEM_read_bio_PUBKEY(reading_from(pem).get(), nullptr, no_passphrase, nullptr));
    if (!key) {
        (void)openssl::take_errors();
        refuse_key("no public key in PEM form (\"BEGIN PUBLIC KEY\")");
    }
    return PublicKey(std::move(key));
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const
{
    const openssl::MdContext context(openssl::require(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    openssl::require(EVP_DigestVerifyInit_ex(
                         context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr),
                     "EVP_DigestVerifyInit_ex");
    // 0 is a wrong signature, a negative number one that is no DER: neither is trusted.
    const bool good = EVP_DigestVerify(context.get(),
                                       openssl::bytes_of(signature),
                                       signature.size(),
                                       openssl::bytes_of(message),
                                       message.size()) == 1;
    if (!good) (void)openssl::take_errors();
    return good;
}

PrivateKey PrivateKey::generate()
{
    return PrivateKey(KeyHandle(openssl::require(EVP_EC_gen("P-256"), "EVP_EC_gen")));
}

PrivateKey PrivateKey::from_pem(std::string_view pem)
{
    KeyHandle key(
        PEM_read_bio_PrivateKey(reading_from(pem).get(), nullptr, no_passphrase, nullptr));
    if (!key) {
        (void)openssl::take_errors();
        refuse_key(pem.find("ENCRYPTED") == std::string_view::npos
                       ? "no private key in PEM form (\"BEGIN PRIVATE KEY\")"
                       : "the private key is encrypted, and a build cannot ask for a passphrase");
    }
    (void)checked_point(key.get());
    return PrivateKey(std::move(key));
}

std::string PrivateKey::pem() const
{
    const openssl::Bio memory(openssl::require(BIO_new(BIO_s_secmem()), "BIO_new"));
    openssl::require(PEM_write_bio_PKCS8PrivateKey(
                         memory.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr),
                     "PEM_write_bio_PKCS8PrivateKey");
    return contents_of(memory.get());
}

PublicKey PrivateKey::public_key() const
{
    openssl::require(EVP_PKEY_up_ref(key_.get()), "EVP_PKEY_up_ref");
    return PublicKey(KeyHandle(key_.get()));
}

std::string PrivateKey::sign(std::string_view message) const
{
    const openssl::MdContext context(openssl::require(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    openssl::require(EVP_DigestSignInit_ex(
                         context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr),
                     "EVP_DigestSignInit_ex");
    std::array<unsigned char, 128> signature = {}; // DER of two 256-bit numbers: at most 72
    std::size_t size = signature.size();
    openssl::require(
        EVP_DigestSign(
            context.get(), signature.data(), &size, openssl::bytes_of(message), message.size()),
        "EVP_DigestSign");
    return {signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(size)};
}

} // namespace caisson::attest

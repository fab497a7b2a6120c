#include "attest/key.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gtest/gtest.h>

namespace caisson::attest {
namespace {

const std::filesystem::path kVectors = checkout::shared() / "conformance/provenance";
constexpr const char* kHello = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
// the DSSE specification's signature, written as DER
constexpr const char* kHelloSignature =
    "MEQCIANyarEBrVbCdjtsaqyOSHJ14qeRk6CdxfhZ2fjvPEo7AiBR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA"
    "==";
// the same as the specification has it: r and s, 64 bytes
constexpr const char* kHelloRaw =
    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";

std::string vector(const char* name)
{
    return read_file(kVectors / name, 1U << 20);
}

PublicKey test_key()
{
    return PublicKey::from_pem(vector("test-key.pub.pem"));
}

TEST(Key, HasTheNameThatSshGivesIt)
{
    CAISSON_REQUIRE_SHARED_DATA();
    EXPECT_EQ(test_key().id(), "SHA256:f4AuBLdH4Lj/dIuwAUXXebzoI9B/cJ4iSQ3/qByIl4M");
}

TEST(Key, IsTheSameByBothHalves)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const PrivateKey key = PrivateKey::from_pem(vector("test-key.pkcs8.pem"));

    EXPECT_EQ(key.public_key().pem(), vector("test-key.pub.pem"));
    EXPECT_EQ(key.pem(), vector("test-key.pkcs8.pem"));
}

TEST(Key, VerifiesTheSpecificationsSignatures)
{
    CAISSON_REQUIRE_SHARED_DATA();
    EXPECT_TRUE(test_key().verifies(kHello, *base64_decode(kHelloSignature)));
    EXPECT_TRUE(test_key().verifies(vector("pae.bin"), vector("pae.sig.der")));
}

TEST(Key, RefusesASignatureInAnyOtherSpelling)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const std::string good = *base64_decode(kHelloSignature);
    std::string long_form = good; // BER: the length in two bytes
    long_form.replace(1, 1, "\x81\x44");
    std::string negative = good; // r without its first byte's zero bit
    negative[4] = static_cast<char>(negative[4] | 0x80);

    for (const std::string& bad : {std::string(),
                                   *base64_decode(kHelloRaw),
                                   good + '\0',
                                   good.substr(0, good.size() - 1),
                                   long_form,
                                   negative,
                                   std::string("\x30\x06\x02\x01\x00\x02\x01\x00", 8), // r = s = 0
                                   std::string("\x30\x06\x02\x01\x01\x02\x01\x00", 8)})
        EXPECT_FALSE(test_key().verifies(kHello, bad)) << base64_encode(bad);
    EXPECT_FALSE(test_key().verifies("hello world", good)) << "over the payload alone";
}

TEST(Key, SignsWhatItsPublicHalfVerifies)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const PrivateKey key = PrivateKey::generate();
    const PublicKey reread = PublicKey::from_pem(key.public_key().pem());

    EXPECT_TRUE(reread.verifies("message", key.sign("message")));
    EXPECT_FALSE(reread.verifies("Message", key.sign("message")));
    EXPECT_FALSE(test_key().verifies("message", key.sign("message")));
}

constexpr const char* kEd25519 = "-----BEGIN PUBLIC KEY-----\n"
                                 "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                                 "-----END PUBLIC KEY-----\n";
// openssl pkey -pubin -ec_conv_form compressed: the point as 02 or 03 and X
constexpr const char* kCompressed =
    "-----BEGIN PUBLIC KEY-----\n"
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACZ805D3eqNZywjCI19lInBJOp7YMrCrzAH3CVTAOQ0jg=\n"
    "-----END PUBLIC KEY-----\n";

TEST(Key, WritesACompressedPointOut)
{
    CAISSON_REQUIRE_SHARED_DATA();
    EXPECT_EQ(PublicKey::from_pem(kCompressed).pem(), vector("test-key.pub.pem"));
    EXPECT_EQ(PublicKey::from_pem(kCompressed).id(), test_key().id());
}

TEST(Key, RefusesOtherKindsAndDamagedFiles)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const std::string good = vector("test-key.pub.pem");
    for (const std::string& pem : {std::string(),
                                   std::string("no key"),
                                   good.substr(0, 80),
                                   vector("test-key.pkcs8.pem"),
                                   std::string(kEd25519)})
        EXPECT_THROW((void)PublicKey::from_pem(pem), Error) << pem;
    EXPECT_THROW((void)PrivateKey::from_pem(good), Error);
}

} // namespace
} // namespace caisson::attest

#include "attest/bundle.hh"
#include "attest/dsse/pae.hh"
#include "attest/key.hh"
#include "attest/provenance.hh"
#include "attest/verify.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/support/example_record.hh"
#include "tests/support/paths.hh"
#include "tests/support/require.hh"

#include <gtest/gtest.h>

namespace caisson::attest {
namespace {

using nlohmann::json;

const std::filesystem::path kShared = checkout::shared() / "conformance";

std::string vector(const char* name)
{
    return read_file(kShared / name, 1U << 20);
}

/// Signed with a key of the test's own, so that a test can sign what no build would.
const PrivateKey& key()
{
    static const PrivateKey kMade = PrivateKey::generate();
    return kMade;
}

std::string sign(const std::string& payload,
                 const std::string& type = kPayloadType,
                 const PrivateKey& by = key())
{
    return make_bundle({type, payload, by.sign(dsse::pae(type, payload)), by.public_key().id()});
}

Expectations expecting_example()
{
    return {key().public_key().pem(), example_record().subject, example_record().builder_id};
}

/// The names of the clauses that do not hold, with a space after each.
std::string broken(const Verdict& verdict)
{
    std::string names;
    for (const Clause& clause : verdict.clauses)
        if (!clause.holds) names += clause.name + ' ';
    EXPECT_EQ(names.empty(), verdict.holds());
    EXPECT_EQ(names.empty(), verdict.statement.has_value());
    return names;
}

std::string broken(const std::string& file)
{
    return broken(verify(file, expecting_example()));
}

TEST(Verify, HoldsForWhatWeSigned)
{
    const std::string payload = make_provenance(example_record());

    const Verdict verdict = verify(sign(payload), expecting_example());

    EXPECT_EQ(broken(verdict), "");
    EXPECT_EQ(*verdict.statement, json::parse(payload));
    EXPECT_EQ(verdict.clauses.size(), 9U);
    for (const Clause& clause : verdict.clauses)
        EXPECT_FALSE(clause.reason.empty()) << clause.name;
}

TEST(Verify, HoldsForTheWorkedBundlesAndEnvelope)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const Expectations expected = {
        vector("provenance/test-key.pub.pem"),
        *Digest::parse("sha256:a25df40d0ef1b29ce22f9ebc9a25a68f70851bf1b3d79a5d9b9116beb8e6b587"),
        "https://ci.example.org/caisson/userns-strict/v1"};
    for (const char* name : {"provenance/bundle.notlog.sigstore.json",
                             "provenance/bundle.tlog.sigstore.json",
                             "provenance/envelope.dsse.json"})
        EXPECT_EQ(broken(verify(vector(name), expected)), "") << name;
    EXPECT_EQ(broken(verify(vector("provenance/statement.json"), expected)), "file ");
}

/// A signature of 64 bytes, r and s, as DER: how some write what openssl, Go and we read.
std::string der(const std::string& raw)
{
    std::string sequence;
    for (const std::string& half : {raw.substr(0, 32), raw.substr(32)}) {
        std::string number = half.substr(std::min(half.find_first_not_of('\0'), half.size() - 1));
        if ((static_cast<unsigned char>(number[0]) & 0x80U) != 0) number.insert(0, 1, '\0');
        sequence += '\x02';
        sequence += static_cast<char>(number.size());
        sequence += number;
    }
    return std::string("\x30") + static_cast<char>(sequence.size()) + sequence;
}

TEST(Verify, TellsASignatureThatHoldsFromAPredicateThatIsAnother)
{
    CAISSON_REQUIRE_SHARED_DATA();
    const Expectations expected = {
        vector("slsa-vsa/vsa_signing_public_key.pem"), example_record().subject, std::nullopt};
    json envelope = json::parse(vector("slsa-vsa/gke-gce-pre.bcid-vsa.jsonl"));
    EXPECT_EQ(broken(verify(envelope.dump(), expected)), "signature ") << "it is not DER";

    auto& signature = envelope["signatures"][0]["sig"];
    signature = base64_encode(der(*base64_decode(signature.get<std::string>())));

    EXPECT_EQ(broken(verify(envelope.dump(), expected)),
              "subject predicate type build type parameters builder ");
}

TEST(Verify, RefusesAnotherKeyAndSaysWhatTheFileClaims)
{
    Expectations expected = expecting_example();
    expected.public_key = PrivateKey::generate().public_key().pem();

    const Verdict verdict = verify(sign(make_provenance(example_record())), expected);

    EXPECT_EQ(broken(verdict), "signature ");
    EXPECT_NE(verdict.clauses.back().reason.find(key().public_key().id()), std::string::npos);
}

TEST(Verify, WantsAKeyThatIsOne)
{
    EXPECT_THROW((void)verify("{}", {"no key", Digest::of(""), std::nullopt}), Error);
}

TEST(Verify, NeverTrustsTheKeyId)
{
    const PrivateKey other = PrivateKey::generate();
    const std::string payload = make_provenance(example_record());
    dsse::Envelope envelope = {kPayloadType,
                               payload,
                               other.sign(dsse::pae(kPayloadType, payload)),
                               key().public_key().id()};
    EXPECT_EQ(broken(make_bundle(envelope)), "signature ");

    envelope.signature = key().sign(dsse::pae(kPayloadType, payload));
    envelope.key_id = other.public_key().id();
    EXPECT_EQ(broken(make_bundle(envelope)), "");
}

TEST(Verify, IsAboutTheBytesAndTheirType)
{
    const std::string payload = make_provenance(example_record());
    const dsse::Envelope over_payload = {kPayloadType, payload, key().sign(payload), ""};
    EXPECT_EQ(broken(make_bundle(over_payload)), "signature ");

    dsse::Envelope swapped = {kPayloadType, payload, key().sign(dsse::pae("other", payload)), ""};
    EXPECT_EQ(broken(make_bundle(swapped)), "signature ");
    EXPECT_EQ(broken(sign(payload, "application/json")), "payload type ");
}

TEST(Verify, RefusesASecondSignatureEvenAGoodOne)
{
    json bundle = json::parse(sign(make_provenance(example_record())));
    json& signatures = bundle["dsseEnvelope"]["signatures"];
    signatures.push_back(signatures[0]);
    EXPECT_EQ(broken(bundle.dump()), "file ");

    signatures = json::array();
    EXPECT_EQ(broken(bundle.dump()), "file ");
}

TEST(Verify, RefusesABundleThatNamesACertificate)
{
    json bundle = json::parse(sign(make_provenance(example_record())));
    bundle["verificationMaterial"] = {{"certificate", {{"rawBytes", "AAAA"}}}};

    EXPECT_EQ(broken(bundle.dump()), "file ");
}

TEST(Verify, RefusesPayloadsThatTwoReadersTakeDifferently)
{
    const std::string good = make_provenance(example_record());
    std::string twice = good;
    twice.insert(1, "\"subject\":[],");
    for (const std::string& payload : {twice,
                                       "\xef\xbb\xbf" + good,
                                       good + "{}",
                                       std::string("[]"),
                                       std::string(1'000'000, '['),
                                       std::string()})
        EXPECT_EQ(broken(sign(payload)), "statement ") << payload.substr(0, 40);
}

/// The broken clauses of our statement, signed after `change`.
template<class Change>
std::string broken_by(Change change)
{
    json statement = json::parse(make_provenance(example_record()));
    change(statement);
    return broken(sign(statement.dump()));
}

TEST(Verify, ChecksTheSubjectByDigestAlone)
{
    const std::string hex = example_record().subject.hex();
    std::string upper = hex;
    for (char& digit : upper)
        digit = static_cast<char>(std::toupper(static_cast<unsigned char>(digit)));
    const json wanted = {{"name", "x"}, {"digest", {{"sha256", hex}}}};
    const json other = {{"name", "y"}, {"digest", {{"sha256", Digest::of("y").hex()}}}};

    EXPECT_EQ(broken_by([&](json& s) { s["subject"] = {other, wanted}; }), "");
    EXPECT_EQ(broken_by([&](json& s) { s["subject"] = json::array({other}); }), "subject ");
    EXPECT_EQ(broken_by([&](json& s) {
                  s["subject"][0]["digest"] = {{"sha256", upper}};
              }),
              "subject ");
    EXPECT_EQ(broken_by([&](json& s) {
                  s["subject"][0]["digest"] = {{"sha512", hex}};
              }),
              "subject ");
    EXPECT_EQ(broken_by([&](json& s) { s["subject"][0].erase("digest"); }), "subject ");
    EXPECT_EQ(broken_by([&](json& s) { s["subject"] = wanted; }), "subject ");
    EXPECT_EQ(broken_by([&](json& s) { s["subject"] = json(2000, wanted); }), "subject ");

    Expectations nothing = expecting_example();
    nothing.subject = {};
    EXPECT_EQ(broken(verify(sign(make_provenance(example_record())), nothing)), "subject ");
}

TEST(Verify, ComparesTypesAndBuilderExactly)
{
    const auto in_details = [](json& s) -> json& { return s["predicate"]["runDetails"]; };
    EXPECT_EQ(broken_by([](json& s) { s["_type"] = "https://in-toto.io/Statement/v0.1"; }),
              "statement ");
    EXPECT_EQ(broken_by([](json& s) { s["predicateType"] = "https://slsa.dev/provenance/v1/"; }),
              "predicate type ");
    EXPECT_EQ(broken_by([](json& s) {
                  s["predicate"]["buildDefinition"]["buildType"] = "https://example.org/other";
              }),
              "build type ");
    EXPECT_EQ(broken_by([&](json& s) {
                  in_details(s)["builder"]["id"] = example_record().builder_id + "evil";
              }),
              "builder ");
    EXPECT_EQ(broken_by([](json& s) {
                  s["predicate"]["buildDefinition"]["externalParameters"]["x"] = 1;
              }),
              "parameters ");
    EXPECT_EQ(broken_by([](json& s) { s.erase("predicate"); }), "build type parameters builder ");
}

TEST(Verify, SaysThatABuilderWasNotCompared)
{
    Expectations expected = expecting_example();
    expected.builder_id.reset();

    const Verdict verdict = verify(sign(make_provenance(example_record())), expected);

    EXPECT_EQ(broken(verdict), "");
    EXPECT_NE(verdict.clauses.back().reason.find("nothing given to compare"), std::string::npos);
}

TEST(Verify, ShowsHostileTextHarmlessly)
{
    json statement = json::parse(make_provenance(example_record()));
    statement["predicate"]["runDetails"]["builder"]["id"] = "\x1b]0;owned\x07";

    const Verdict verdict = verify(sign(statement.dump()), expecting_example());

    EXPECT_EQ(verdict.clauses.back().reason.find('\x1b'), std::string::npos);
}

// Every leaf of a bundle, changed in every way: it may still hold where the member means nothing to
// us (a hint), but never with another statement than the one that was signed.
class Mutations : public ::testing::Test {
protected:
    void expect_same_or_broken(const std::string& text, const std::string& what)
    {
        const Verdict verdict = verify(text, expecting_example());
        ++tried_;
        if (!verdict.holds()) {
            ++refused_;
            EXPECT_FALSE(verdict.statement) << what;
        } else {
            EXPECT_EQ(*verdict.statement, signed_statement_) << what;
        }
    }

    const std::string payload_ = make_provenance(example_record());
    const json signed_statement_ = json::parse(payload_);
    const json bundle_ = json::parse(sign(payload_));
    int tried_ = 0;
    int refused_ = 0;
};

TEST_F(Mutations, OfEveryLeafOfTheBundle)
{
    const json flat = bundle_.flatten();
    for (const auto& [pointer, value] : flat.items()) {
        const json::json_pointer at(pointer);
        std::vector<json> replacements = {nullptr, "", "x", 7, true, json::array(), json::object()};
        if (value.is_string()) {
            const auto text = value.get<std::string>();
            replacements.emplace_back(text + "A");
            replacements.emplace_back(text + '\0');
            replacements.emplace_back(' ' + text);
            for (std::size_t where = 0; where < text.size(); where += 1 + text.size() / 40) {
                std::string flipped = text;
                flipped[where] = flipped[where] == 'B' ? 'C' : 'B';
                replacements.emplace_back(flipped);
            }
        }
        for (const json& replacement : replacements) {
            json changed = bundle_;
            changed[at] = replacement;
            expect_same_or_broken(changed.dump(), pointer + " = " + replacement.dump());
        }
        json without = bundle_;
        json& parent = without[at.parent_pointer()];
        if (parent.is_object())
            parent.erase(at.back());
        else
            parent.erase(0);
        expect_same_or_broken(without.dump(), pointer + " removed");
    }
    EXPECT_GT(tried_, 200);
    EXPECT_GT(refused_, tried_ / 2);
}

TEST_F(Mutations, OfEveryMemberStandingTwice)
{
    const std::string text = bundle_.dump();
    for (std::size_t at = text.find("\":"); at != std::string::npos;
         at = text.find("\":", at + 1)) {
        const std::size_t start = text.rfind('"', at - 1);
        const std::string name = text.substr(start, at - start + 1);
        std::string twice = text;
        twice.insert(start, name + ":null,");
        EXPECT_EQ(broken(twice), "file ") << name;
        ++tried_;
    }
    EXPECT_GE(tried_, 11);
}

TEST_F(Mutations, OfEveryLeafOfThePayloadUnderTheOldSignature)
{
    const json flat = signed_statement_.flatten();
    for (const auto& [pointer, value] : flat.items()) {
        json statement = signed_statement_;
        statement[json::json_pointer(pointer)] = value == "x" ? "y" : "x";
        json changed = bundle_;
        changed["dsseEnvelope"]["payload"] = base64_encode(statement.dump());
        EXPECT_EQ(broken(changed.dump()), "signature ") << pointer;
    }
}

TEST_F(Mutations, OfTheFileCutShort)
{
    const std::string text = bundle_.dump();
    for (std::size_t size = 0; size < text.size(); size += 1 + text.size() / 200)
        EXPECT_EQ(broken(text.substr(0, size)), "file ");
}

TEST(Verify, AcceptsEitherBase64Alphabet)
{
    json bundle = json::parse(sign(make_provenance(example_record())));
    for (json* text :
         {&bundle["dsseEnvelope"]["payload"], &bundle["dsseEnvelope"]["signatures"][0]["sig"]}) {
        std::string url = text->get<std::string>();
        for (char& digit : url)
            digit = digit == '+' ? '-' : digit == '/' ? '_' : digit;
        url.erase(url.find_last_not_of('=') + 1);
        *text = url;
    }

    EXPECT_EQ(broken(bundle.dump()), "");
}

} // namespace
} // namespace caisson::attest

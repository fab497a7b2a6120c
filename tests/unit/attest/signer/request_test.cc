#include "attest/provenance.hh"
#include "attest/signer/request.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/support/example_record.hh"

#include <gtest/gtest.h>

namespace caisson::attest {
namespace {

using nlohmann::json;

/// "signed", or why not.
std::string outcome(const std::string& payload,
                    const std::string& builder = example_record().builder_id)
{
    try {
        EXPECT_EQ(check_signable(payload, builder), example_record().invocation_id);
        return "signed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kRefused);
        return error.message().substr(error.message().find(": ") + 2);
    }
}

template<class Change>
std::string outcome_after(Change change)
{
    json statement = json::parse(make_provenance(example_record()));
    change(statement);
    return outcome(statement.dump());
}

TEST(SignRequest, IsForAStatementOfABuild)
{
    EXPECT_EQ(outcome(make_provenance(example_record())), "signed");
}

TEST(SignRequest, RefusesWhatIsNoProvenance)
{
    EXPECT_EQ(outcome("hello"), "no valid JSON at byte 1");
    EXPECT_EQ(outcome("{}"), "it is no in-toto statement v1");
    EXPECT_EQ(outcome_after([](json& s) { s["_type"] = "https://in-toto.io/Statement/v0.1"; }),
              "it is no in-toto statement v1");
    EXPECT_EQ(
        outcome_after([](json& s) { s["predicateType"] = "https://slsa.dev/provenance/v1.0"; }),
        "it is no SLSA provenance v1");
    std::string twice = make_provenance(example_record());
    twice.insert(1, "\"subject\":[],");
    EXPECT_EQ(outcome(twice), "the member \"subject\" stands twice in one object");
}

TEST(SignRequest, RefusesAnotherBuilderThanItWasAskedFor)
{
    const std::string payload = make_provenance(example_record());

    EXPECT_EQ(outcome(payload, "https://ci.example.org/caisson/userns/v2"),
              "it names another builder than the one it was asked for");
    EXPECT_EQ(outcome_after([](json& s) { s["predicate"]["runDetails"]["builder"].erase("id"); }),
              "it names another builder than the one it was asked for");
}

TEST(SignRequest, IsAboutOneImageByItsSha256)
{
    constexpr const char* kWhy = "it is not about one image by its sha256";
    EXPECT_EQ(outcome_after([](json& s) { s["subject"] = json::array(); }), kWhy);
    EXPECT_EQ(outcome_after([](json& s) { s["subject"].push_back(s["subject"][0]); }), kWhy);
    EXPECT_EQ(outcome_after([](json& s) { s["subject"][0]["digest"] = {{"sha512", "00"}}; }), kWhy);
}

TEST(SignRequest, WantsAnInvocationIdInItsOneSpelling)
{
    for (const char* id : {"",
                           "0d5b7c1c-2f41-4c0f-9a0e-6a7d1f0b9c55",
                           "urn:uuid:0D5B7C1C-2f41-4c0f-9a0e-6a7d1f0b9c55",
                           "urn:uuid:0d5b7c1c-2f41-4c0f-9a0e-6a7d1f0b9c5",
                           "urn:uuid:0d5b7c1c-2f41-4c0f-9a0e-6a7d1f0b9c5\n"})
        EXPECT_EQ(outcome_after([&](json& s) {
                      s["predicate"]["runDetails"]["metadata"]["invocationId"] = id;
                  }),
                  "its invocation id is no urn:uuid")
            << id;
}

TEST(SignRequest, ThatIsNoneIsAnErrorAndNotTheEndOfTheSigner)
{
    const TempDirectory directory(std::filesystem::temp_directory_path());
    const PrivateKey key = PrivateKey::generate();
    const SignedList list = SignedList::open_beside(directory.path() / "key");
    for (const char* text :
         {"", "{", "[]", "{}", R"({"builder_id":7})", R"({"builder_id":null})", "\xff"}) {
        Message request;
        request.text = text;
        request.descriptors.push_back(make_sealed_memfd("statement", "{}"));
        EXPECT_THROW((void)answer(request, key, list), Error) << text;
    }
}

} // namespace
} // namespace caisson::attest

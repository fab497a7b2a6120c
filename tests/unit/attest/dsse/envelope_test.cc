#include "attest/dsse/envelope.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::attest::dsse {
namespace {

const Envelope kEnvelope = {"type", "hello\xff world", "\x30\x01", "SHA256:x"};

TEST(Envelope, RoundTrips)
{
    const auto read = read_envelope(to_json(kEnvelope));

    ASSERT_TRUE(read.value) << read.problem;
    EXPECT_EQ(read.value->payload_type, kEnvelope.payload_type);
    EXPECT_EQ(read.value->payload, kEnvelope.payload);
    EXPECT_EQ(read.value->signature, kEnvelope.signature);
    EXPECT_EQ(read.value->key_id, kEnvelope.key_id);
}

TEST(Envelope, ReadsBothAlphabetsAndIgnoresUnknownMembers)
{
    nlohmann::json json = to_json(kEnvelope);
    json["payload"] = "-_8";
    json["extension"] = 1;
    json["signatures"][0].erase("keyid");

    const auto read = read_envelope(json);

    ASSERT_TRUE(read.value) << read.problem;
    EXPECT_EQ(read.value->payload, "\xfb\xff");
    EXPECT_EQ(read.value->key_id, "");
}

TEST(Envelope, RefusesNoneAndSeveralSignatures)
{
    nlohmann::json json = to_json(kEnvelope);
    json["signatures"].push_back(json["signatures"][0]);
    EXPECT_EQ(read_envelope(json).problem, "2 signatures where there must be one");

    json["signatures"] = nlohmann::json::array();
    EXPECT_EQ(read_envelope(json).problem, "0 signatures where there must be one");
}

TEST(Envelope, RefusesWhatIsNone)
{
    const auto damaged = [](const char* pointer, const nlohmann::json& value) {
        nlohmann::json json = to_json(kEnvelope);
        json[nlohmann::json::json_pointer(pointer)] = value;
        return json;
    };
    for (const nlohmann::json& json : {nlohmann::json(),
                                       nlohmann::json::array(),
                                       damaged("/payload", 1),
                                       damaged("/payload", "not base64!"),
                                       damaged("/payload", "aGVsbG8 "),
                                       damaged("/payloadType", nullptr),
                                       damaged("/signatures", "x"),
                                       damaged("/signatures/0", "x"),
                                       damaged("/signatures/0/sig", 7),
                                       damaged("/signatures/0/sig", "AB==")})
        EXPECT_FALSE(read_envelope(json).value) << json;
}

TEST(Envelope, RefusesAPayloadBeyondTheLimit)
{
    nlohmann::json json = to_json(kEnvelope);
    json["payload"] = std::string((kMaxPayload / 3 + 2) * 4, 'A');

    EXPECT_EQ(read_envelope(json).problem, "the payload is larger than 32 MiB");
}

} // namespace
} // namespace caisson::attest::dsse

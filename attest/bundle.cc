#include "attest/bundle.hh"

namespace caisson::attest {
namespace {

/// v0.3 has both spellings of its media type (sigstore_bundle.proto, "media_type"); older ones only
/// the parameter.
std::optional<std::string> version_of(const std::string& media_type)
{
    if (media_type == kBundleType) return "0.3";
    constexpr std::string_view kOld = "application/vnd.dev.sigstore.bundle+json;version=";
    for (const char* version : {"0.1", "0.2", "0.3"})
        if (media_type == std::string(kOld) + version) return version;
    return std::nullopt;
}

Reading<SignedFile> read_bundle(const nlohmann::json& json)
{
    const auto version = version_of(text_member(json, "mediaType").value_or(""));
    if (!version) return {{}, "no Sigstore bundle of a version known here"};
    const nlohmann::json& material = member(json, "verificationMaterial");
    // "content" is a oneof: a bundle with both means different things to different readers
    if (json.contains("messageSignature")) return {{}, "the bundle signs a blob, no statement"};
    auto envelope = dsse::read_envelope(member(json, "dsseEnvelope"));
    if (!envelope.value) return {{}, envelope.problem};
    const nlohmann::json& entries = member(material, "tlogEntries");
    return {SignedFile{std::move(*envelope.value),
                       "Sigstore bundle v" + *version,
                       entries.is_array() ? entries.size() : 0,
                       text_member(member(material, "publicKey"), "hint").has_value()},
            {}};
}

} // namespace

std::string make_bundle(const dsse::Envelope& envelope)
{
    const nlohmann::json bundle = {
        {"mediaType", kBundleType},
        {"verificationMaterial",
         {{"publicKey", {{"hint", envelope.key_id}}},
          {"tlogEntries", nlohmann::json::array()},
          {"timestampVerificationData", {{"rfc3161Timestamps", nlohmann::json::array()}}}}},
        {"dsseEnvelope", dsse::to_json(envelope)}};
    return bundle.dump();
}

Reading<SignedFile> read_signed_file(std::string_view text)
{
    // base64 adds a third; the rest of a bundle is small
    if (text.size() > 2 * kMaxPayload)
        return {{}, "the file is larger than " + std::to_string(2 * kMaxPayload >> 20U) + " MiB"};
    const auto json = read_strict_json(text);
    if (!json.value) return {{}, json.problem};
    return signed_file_from(*json.value);
}

Reading<SignedFile> signed_file_from(const nlohmann::json& json)
{
    if (json.is_object() && json.contains("mediaType")) return read_bundle(json);
    auto envelope = dsse::read_envelope(json);
    if (!envelope.value) return {{}, envelope.problem};
    return {SignedFile{std::move(*envelope.value), "DSSE envelope"}, {}};
}

} // namespace caisson::attest

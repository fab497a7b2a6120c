#include "attest/dsse/envelope.hh"

#include "sandbox/base/base64.hh"

#include <nlohmann/json.hpp>

namespace caisson::attest::dsse {

nlohmann::json to_json(const Envelope& envelope)
{
    const nlohmann::json signature = {{"keyid", envelope.key_id},
                                      {"sig", base64_encode(envelope.signature)}};
    return {{"payload", base64_encode(envelope.payload)},
            {"payloadType", envelope.payload_type},
            {"signatures", nlohmann::json::array({signature})}};
}

Reading<Envelope> read_envelope(const nlohmann::json& json)
{
    const auto type = text_member(json, "payloadType");
    const auto payload = text_member(json, "payload");
    const nlohmann::json& signatures = member(json, "signatures");
    if (!type || !payload || !signatures.is_array()) return {{}, "no DSSE envelope"};
    if (payload->size() / 4 * 3 > kMaxPayload + 3)
        return {{}, "the payload is larger than " + std::to_string(kMaxPayload >> 20U) + " MiB"};
    if (signatures.size() != 1)
        return {{}, std::to_string(signatures.size()) + " signatures where there must be one"};

    const auto signature = text_member(signatures[0], "sig");
    if (!signature) return {{}, "the signature has no \"sig\""};
    const auto payload_bytes = base64_decode(*payload);
    const auto signature_bytes = base64_decode(*signature);
    if (!payload_bytes) return {{}, "the payload is no base64"};
    if (!signature_bytes) return {{}, "the signature is no base64"};
    return {Envelope{*type,
                     *payload_bytes,
                     *signature_bytes,
                     text_member(signatures[0], "keyid").value_or("")},
            {}};
}

} // namespace caisson::attest::dsse

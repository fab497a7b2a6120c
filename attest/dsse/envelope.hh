#pragma once

#include "attest/strict_json.hh"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace caisson::attest::dsse {

/// A DSSE envelope with the one signature that we write and accept, decoded.
struct Envelope {
    std::string payload_type;
    std::string payload;   ///< the raw bytes: what was signed and what is to be parsed
    std::string signature; ///< raw bytes; DER for ECDSA
    std::string key_id;    ///< a hint that nobody signed: never a reason to trust
};

/// The envelope as JSON, in padded standard base64 (cosign and sigstore-go read no other).
[[nodiscard]] nlohmann::json to_json(const Envelope& envelope);

/// Decodes an envelope. Members it does not know are ignored, as envelope.md wants; no signature,
/// several, or a payload beyond kMaxPayload is a problem.
[[nodiscard]] Reading<Envelope> read_envelope(const nlohmann::json& json);

} // namespace caisson::attest::dsse

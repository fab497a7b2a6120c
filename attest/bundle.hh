#pragma once

#include "attest/dsse/envelope.hh"

#include <string>
#include <string_view>

namespace caisson::attest {

inline constexpr const char* kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The Sigstore bundle v0.3 around an envelope that a plain key signed, minified JSON. The hint is
/// the envelope's key id, as protobuf-specs wants it.
[[nodiscard]] std::string make_bundle(const dsse::Envelope& envelope);

/// What a file holds that may be a bundle or a bare envelope.
struct SignedFile {
    dsse::Envelope envelope;
    std::string kind;            ///< "Sigstore bundle v0.3", "DSSE envelope"
    std::size_t log_entries = 0; ///< transparency log entries that came along, unchecked
    bool by_key = true;          ///< false: the bundle names a certificate, or nothing
};

/// Reads a Sigstore bundle (any version, DSSE content only) or a DSSE envelope.
[[nodiscard]] Reading<SignedFile> read_signed_file(std::string_view text);
/// The same for JSON that was read already.
[[nodiscard]] Reading<SignedFile> signed_file_from(const nlohmann::json& json);

} // namespace caisson::attest

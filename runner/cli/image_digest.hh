#pragma once

#include "attest/digest.hh"

#include <filesystem>
#include <optional>
#include <string>

namespace caisson::runner {

/// An image that someone wants checked.
struct FoundImage {
    attest::Digest digest; ///< of the manifest's bytes as they are, not as they are named
    std::optional<std::string> bundle; ///< the attestation that lies beside it
};

/// Finds an image by what a user writes: "sha256:…", an OCI layout directory, an OCI archive
/// (.tar), or a name in the store. Every blob of it that is at hand is hashed: one that is not what
/// its name says is an Error of kind kUnverified, one that is missing of kind kInput. Of a digest
/// alone nothing is at hand; its bundle comes from the store, unless `has_bundle`.
[[nodiscard]] FoundImage find_image(const std::string& text, bool has_bundle);

} // namespace caisson::runner

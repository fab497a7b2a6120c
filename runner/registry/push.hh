#pragma once

#include "runner/image/output.hh"
#include "runner/image/reference.hh"
#include "runner/registry/repository.hh"

#include <cstdint>

namespace caisson::runner {

/// What a push came to.
struct Pushed {
    attest::Digest digest; ///< of the image's manifest
    std::size_t sent = 0;  ///< blobs
    std::size_t there =
        0; ///< blobs that the registry had, or took over from a repository of its own
    std::uint64_t bytes = 0; ///< sent
};

/// Pushes an image of the store, and its attestation as a manifest that refers to it: blobs first,
/// several at once, then manifests, the tag last. Layers that came from the same registry are taken
/// over there. What the registry then has under the tag is read back: another digest is an Error
/// of kind kInput. `target` has a tag.
[[nodiscard]] Pushed push(const Store& store,
                          const RegistryAccess& access,
                          const OutputImage& image,
                          const Reference& target);

} // namespace caisson::runner

#pragma once

#include "runner/image/output.hh"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

inline constexpr std::string_view kLayoutMarker = R"({"imageLayoutVersion":"1.0.0"})";

/// What an OCI layout of one image consists of, whatever it is written to.
struct LayoutContents {
    /// A file below blobs/sha256.
    struct Blob {
        attest::Digest digest;
        std::uint64_t size = 0;
        std::string bytes; ///< of one that is made here; else it comes from the store
    };
    std::vector<Blob> blobs;       ///< sorted by digest, each once
    std::vector<Descriptor> index; ///< the image under each of its names, then its attestation
};

/// How a reader finds the attestation of an image in a layout.
enum class Attestation {
    /// Its manifest is listed in index.json, without a name: how `oras discover` and image-spec's
    /// referrers look for it.
    kListed,
    /// Its manifest is named by an annotation of the image. Readers that are given a layout without
    /// a tag (skopeo, buildah, podman load: "more than one image in oci, choose an image") take it
    /// only if index.json has exactly one entry, and an archive is mostly named without one.
    kPointedTo,
};
inline constexpr const char* kAttestationPointer = "dev.caisson.attestation";

[[nodiscard]] LayoutContents
layout_contents(const Store& store, const OutputImage& image, Attestation attestation);

/// index.json of these entries, and of `others` that are not replaced by them: an entry goes when
/// it has one of our names, or our digest.
[[nodiscard]] std::string index_text(const std::vector<Descriptor>& entries,
                                     const std::vector<Descriptor>& others);

/// Brings the bytes of a blob to `sink`, hashing them on the way: a blob that has been damaged in
/// the store is an Error of kind kInput, after the sink has seen it.
void read_out(const Store& store,
              const LayoutContents::Blob& blob,
              const std::function<void(std::string_view)>& sink);

} // namespace caisson::runner

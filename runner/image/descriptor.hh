#pragma once

#include "attest/digest.hh"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace caisson::runner {

inline constexpr const char* kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char* kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr const char* kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr const char* kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr const char* kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr const char* kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr const char* kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr const char* kSigstoreBundle = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A content descriptor (OCI image-spec, descriptor.md).
struct Descriptor {
    std::string media_type;
    attest::Digest digest;
    std::uint64_t size = 0;
    std::string artifact_type;
    std::map<std::string, std::string> annotations;
    nlohmann::json platform; ///< null where there is none
};

[[nodiscard]] nlohmann::json to_json(const Descriptor& descriptor);
/// Strict: a bad digest, a negative size or a missing member is an Error of kind kInput.
[[nodiscard]] Descriptor descriptor_from_json(const nlohmann::json& json);

/// A layer of an image: the blob as it lies in a registry, and the digest of its plain tar.
struct Layer {
    Descriptor blob;
    attest::Digest diff_id;
};

} // namespace caisson::runner

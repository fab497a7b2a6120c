#pragma once

#include "runner/image/descriptor.hh"

#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

inline constexpr const char* kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr const char* kOciEmpty = "application/vnd.oci.empty.v1+json";
inline constexpr const char* kRefName = "org.opencontainers.image.ref.name";
inline constexpr const char* kImageName = "io.containerd.image.name";

/// Registries take no larger manifest; neither do we, nor a larger configuration.
inline constexpr std::size_t kManifestLimit = 4U << 20;

/// An image manifest (image-spec manifest.md, or Docker's schema 2).
struct Manifest {
    Descriptor config;
    std::vector<Descriptor> layers; ///< bottom first; media types as OCI names them
};

[[nodiscard]] bool is_manifest_type(std::string_view media_type) noexcept;
[[nodiscard]] bool is_index_type(std::string_view media_type) noexcept;

/// Reads the manifest that a descriptor of type `media_type` led to. Another type inside, a member
/// that only an index has (CVE-2021-41190), an artifact that is no image, a foreign layer, an
/// unknown media type: Error of kind kInput.
[[nodiscard]] Manifest manifest_from_json(std::string_view text, std::string_view media_type);
/// The same for an index or manifest list: its children.
[[nodiscard]] std::vector<Descriptor> index_from_json(std::string_view text,
                                                      std::string_view media_type);

/// A manifest of our own, canonical JSON.
[[nodiscard]] std::string to_json_text(const Manifest& manifest);

} // namespace caisson::runner

#pragma once

#include "runner/image/config.hh"
#include "runner/image/descriptor.hh"
#include "runner/store/store.hh"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// A base image whose manifest, configuration and layers are in the store, every digest and size
/// checked.
struct BaseImage {
    std::string source;   ///< as the user named it
    std::string resolved; ///< URI with digest, for the statement
    Descriptor manifest;
    std::optional<attest::Digest> index; ///< the index it was chosen from
    ImageConfig config;
    std::vector<Layer> layers; ///< bottom first, byte for byte as they came
};

/// `oci-layout://DIR[:tag][@digest]`. A wrong digest or size, an unknown media type, an index that
/// leads to itself, a foreign layer, a `../` in a digest: Error of kind kInput that names the file.
/// `architecture`: of the image that is wanted; empty: of an index the one for this machine, else
/// any that runs here. So for all three.
[[nodiscard]] BaseImage load_from_layout(Store& store,
                                         const std::filesystem::path& directory,
                                         const std::string& tag_or_digest,
                                         const std::string& architecture = {});

/// An image of the store, by tag or digest.
[[nodiscard]] std::optional<BaseImage>
load_from_store(Store& store, const std::string& name, const std::string& architecture = {});

} // namespace caisson::runner

#pragma once

#include "runner/image/config.hh"
#include "runner/image/descriptor.hh"
#include "runner/store/store.hh"

#include <filesystem>
#include <string>
#include <vector>

namespace caisson::runner {

/// Writes configuration and manifest of an image into the store; its layers are there already.
[[nodiscard]] Descriptor
store_image(Store& store, const ImageConfig& config, const std::vector<Layer>& layers);

/// What goes out beside the image.
struct OutputImage {
    Descriptor manifest;
    std::vector<std::string>
        names; ///< tags, for org.opencontainers.image.ref.name and io.containerd.image.name
    attest::Digest bundle; ///< empty: none
};

/// An OCI layout as tar (`-o type=oci,dest=F`) or directory (`tar=false`), with the attestation as
/// a referrer manifest in the same layout and as `<dest>.sigstore.json` beside it. Written aside
/// and renamed: all or nothing.
void write_oci_archive(const Store& store,
                       const OutputImage& image,
                       const std::filesystem::path& destination);
void write_oci_layout(const Store& store,
                      const OutputImage& image,
                      const std::filesystem::path& destination);

} // namespace caisson::runner

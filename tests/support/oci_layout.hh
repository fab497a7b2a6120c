#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace caisson::testing {

/// One layer of an image made by hand.
struct HandmadeLayer {
    std::string blob;    ///< as it lies in the layout
    std::string diff_id; ///< "sha256:…" of what it unpacks to
    std::string media_type = "application/vnd.oci.image.layer.v1.tar";
};

/// An OCI layout with one image of these layers, digests and sizes as they are; `config` is merged
/// into the image's configuration. For layers that no builder would make.
void write_oci_layout(const std::filesystem::path& directory,
                      const std::vector<HandmadeLayer>& layers,
                      const nlohmann::json& config = nlohmann::json::object());

} // namespace caisson::testing

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace caisson::runner {

/// This machine's architecture as Go and image-spec name it ("amd64", "arm64").
[[nodiscard]] std::string host_architecture();

/// Whether an image of this platform object (image-index.md) runs here: linux, our architecture,
/// and the variant that every machine of it has.
[[nodiscard]] bool runs_here(const nlohmann::json& platform);

/// "linux/amd64", for messages; hostile bytes escaped.
[[nodiscard]] std::string platform_text(const nlohmann::json& platform);

} // namespace caisson::runner

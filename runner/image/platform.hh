#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace caisson::runner {

/// This machine's architecture as Go and image-spec name it ("amd64", "arm64").
[[nodiscard]] std::string host_architecture();

/// Whether programs of that architecture run on this machine's kernel: our own, and on amd64 those
/// of 386 (docs/seccomp.md).
[[nodiscard]] bool runs_architecture(std::string_view architecture);

/// The architecture that FROM --platform asks for: "linux/386", "linux/amd64", with the variant
/// that every machine has or without. What does not run here is an Error of kind kUsage.
[[nodiscard]] std::string architecture_of_platform(std::string_view platform);

/// Whether an image of this platform object (image-index.md) is one for that architecture: linux,
/// and the variant that every machine of it has.
[[nodiscard]] bool is_for(const nlohmann::json& platform, std::string_view architecture);

/// "linux/amd64", for messages; hostile bytes escaped.
[[nodiscard]] std::string platform_text(const nlohmann::json& platform);

} // namespace caisson::runner

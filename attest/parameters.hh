#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace caisson::attest {

inline constexpr const char* kDockerfileBuildType = "https://caisson.dev/buildtypes/dockerfile/v1";

/// How many there are; docs/buildtype-v1.md has as many rows.
inline constexpr std::size_t kParameterCount = 25;

/// What in `parameters` is no external parameter of kDockerfileBuildType, or of another kind than
/// docs/buildtype-v1.md says; empty where all are. SLSA wants an unknown one rejected: it may have
/// changed the image in a way that nobody reviewed.
[[nodiscard]] std::string problem_of_parameters(const nlohmann::json& parameters);

} // namespace caisson::attest

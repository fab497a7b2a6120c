#pragma once

#include <span>
#include <string_view>

namespace caisson::policies {

/// A data file of this folder as it was when the library was built, so that a program runs from
/// wherever it lies.
struct EmbeddedFile {
    std::string_view name; ///< without folder and ".json"
    std::string_view text;
};

/// profiles/*.json, sorted by name. Defined in the build tree by embed.cmake.
[[nodiscard]] std::span<const EmbeddedFile> embedded_profiles();
/// syscalls/*.json, sorted by name.
[[nodiscard]] std::span<const EmbeddedFile> embedded_syscall_groups();
/// i386.json.
[[nodiscard]] std::string_view embedded_i386();
/// floor.json.
[[nodiscard]] std::string_view embedded_floor();
/// schema/policy.schema.json.
[[nodiscard]] std::string_view embedded_policy_schema();

} // namespace caisson::policies

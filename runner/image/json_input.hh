#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

// Reading JSON that someone else wrote. Every member may be missing (or null) and is then empty;
// one of the wrong type is an Error of kind kInput that names it. The caller adds what was read by
// in_context.

/// Parses a whole text that must be an object.
[[nodiscard]] nlohmann::json parse_object(std::string_view text);

/// The member, or nothing where it is missing or null.
[[nodiscard]] const nlohmann::json* find_member(const nlohmann::json& object, const char* name);

[[nodiscard]] std::string string_member(const nlohmann::json& object, const char* name);
[[nodiscard]] bool bool_member(const nlohmann::json& object, const char* name);
[[nodiscard]] std::vector<std::string> list_member(const nlohmann::json& object, const char* name);
[[nodiscard]] std::map<std::string, std::string> map_member(const nlohmann::json& object,
                                                            const char* name);
/// The keys of an object: `{"80/tcp": {}}`, a set as Go writes it. Sorted.
[[nodiscard]] std::vector<std::string> set_member(const nlohmann::json& object, const char* name);
/// An object; an empty one where it is missing.
[[nodiscard]] nlohmann::json object_member(const nlohmann::json& object, const char* name);

} // namespace caisson::runner

#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::attest {

/// Something read from a file that others wrote: the value, or what is wrong with the file.
template<class Value>
struct Reading {
    std::optional<Value> value;
    std::string problem; ///< empty when there is a value
};

/// Nesting beyond this is refused: no attestation needs it.
inline constexpr std::size_t kMaxDepth = 64;
/// A payload beyond this is refused (terraform and old cosign stop at the same size).
inline constexpr std::size_t kMaxPayload = 32U << 20;

/// Reads JSON that two readers cannot understand differently: one value, well-formed UTF-8 without
/// byte order mark, no member twice in one object (RFC 8259 section 4 leaves open which one
/// counts), at most kMaxDepth deep.
[[nodiscard]] Reading<nlohmann::json> read_strict_json(std::string_view text);

/// The member of an object as text; nothing when it is missing or no string, or `json` no object.
[[nodiscard]] std::optional<std::string> text_member(const nlohmann::json& json, const char* name);

/// The member of an object; a shared null when it is missing or `json` is no object. Follows a path
/// of names, so that a reader of foreign input needs no check per level.
template<class... Names>
[[nodiscard]] const nlohmann::json&
member(const nlohmann::json& json, const char* name, Names... names)
{
    static const nlohmann::json kNull;
    if (!json.is_object()) return kNull;
    const auto found = json.find(name);
    if (found == json.end()) return kNull;
    if constexpr (sizeof...(names) == 0)
        return *found;
    else
        return member(*found, names...);
}

} // namespace caisson::attest

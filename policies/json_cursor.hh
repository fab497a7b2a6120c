#pragma once

#include "policies/json_tree.hh"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::policies {

/// Reads a JsonNode, which must outlive it, with errors that tell the line and the path of the
/// value: `policy "p.json": line 12: "limits.processes" must be …`. Each is of kind kUsage.
class JsonCursor {
public:
    JsonCursor(const JsonNode& node, std::string_view origin);

    /// The value must be an object that has no key but `names`; a near miss is suggested.
    void allow_only(std::span<const std::string_view> names) const;
    /// The member of that name, which must be there.
    [[nodiscard]] JsonCursor at(std::string_view name) const;
    /// The member of that name, if it is there.
    [[nodiscard]] std::optional<JsonCursor> find(std::string_view name) const;
    /// The value must be an array.
    [[nodiscard]] std::vector<JsonCursor> elements() const;

    /// A string of 1 to `most` bytes.
    [[nodiscard]] std::string text(std::size_t most) const;
    /// One of `choices`; a near miss is suggested.
    [[nodiscard]] std::string one_of(std::span<const std::string_view> choices) const;
    /// An array of strings out of `choices`, none of them twice.
    [[nodiscard]] std::vector<std::string>
    several_of(std::span<const std::string_view> choices) const;
    /// A whole number from `least` to `most`.
    [[nodiscard]] std::uint64_t whole_number(std::uint64_t least, std::uint64_t most) const;
    [[nodiscard]] bool flag() const;
    /// null, "", [] or {}.
    [[nodiscard]] bool is_empty() const;

    /// Throws: the value at this place is wrong, because `why`.
    [[noreturn]] void refuse(const std::string& why, std::string hint = {}) const;
    /// Throws: the value must be `what`, and is not.
    [[noreturn]] void refuse_not(const std::string& what, std::string hint = {}) const;

private:
    JsonCursor(const JsonNode& node, std::string_view origin, std::string path);
    [[nodiscard]] const JsonNode::Members& members() const;

    const JsonNode* node_;
    std::string_view origin_;
    std::string path_;
};

} // namespace caisson::policies

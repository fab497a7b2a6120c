#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace caisson::policies {

struct JsonMember;

/// A JSON value that remembers the line it stood on.
struct JsonNode {
    using Elements = std::vector<JsonNode>;
    using Members = std::vector<JsonMember>;
    struct Null {};
    /// A negative number or a fraction: nothing here ever wants one, so only its text is kept.
    struct OtherNumber {
        std::string text;
    };

    std::variant<Null, bool, std::uint64_t, OtherNumber, std::string, Elements, Members> value;
    std::size_t line = 1;
};

struct JsonMember {
    std::string name;
    std::size_t line = 1;
    JsonNode value;
};

/// Parses one JSON document. What is not JSON, a key given twice, or nesting without reason is an
/// Error of kind kUsage that starts with `origin` and names the line.
[[nodiscard]] JsonNode parse_json_with_lines(std::string_view text, std::string_view origin);

/// Throws the Error of a mistake on that line: `origin: line 12: why (hint: …)`, kind kUsage.
[[noreturn]] void refuse_line(std::string_view origin,
                              std::size_t line,
                              const std::string& why,
                              std::string hint = {});

/// Text out of a document as an error shows it: quoted, in ASCII, cut to a line's length, without
/// what a terminal would obey.
[[nodiscard]] std::string in_quotes(std::string_view text);

} // namespace caisson::policies

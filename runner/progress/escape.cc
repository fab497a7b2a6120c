#include "runner/progress/progress.hh"

#include <cstdint>

namespace caisson::runner {
namespace {

/// One UTF-8 character at the start of `text`: its length and code point; length 1 and a value of
/// 0x110000 where the bytes are none (RFC 3629: no overlong forms, no surrogates).
struct Character {
    std::size_t length = 1;
    std::uint32_t point = 0x110000;
};

Character decode(std::string_view text)
{
    const auto byte = [&](std::size_t index) -> std::uint32_t {
        return static_cast<unsigned char>(text[index]);
    };
    const std::uint32_t first = byte(0);
    if (first < 0x80) return {1, first};
    const std::size_t length = first >= 0xf0 && first < 0xf5   ? 4
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xc2 && first < 0xe0 ? 2
                                                               : 0;
    if (length == 0 || text.size() < length) return {};
    std::uint32_t point = first & (0x7fU >> length);
    for (std::size_t index = 1; index < length; ++index) {
        if ((byte(index) & 0xc0U) != 0x80U) return {};
        point = point << 6U | (byte(index) & 0x3fU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff) return {};
    return {length, point};
}

bool is_dangerous(std::uint32_t point)
{
    return (point < 0x20 && point != '\t') || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0x200e || point == 0x200f || point == 0x2028 || point == 0x2029 ||
           point == 0x061c;
}

void append_escape(std::string& out, std::string_view bytes)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        out.append("\\x").push_back(kDigits[value >> 4U]);
        out.push_back(kDigits[value & 0xfU]);
    }
}

} // namespace

std::string escape_output(std::string_view line)
{
    // a carriage return before the end is how progress bars redraw: only what would stay on the
    // line is shown
    while (line.ends_with('\r'))
        line.remove_suffix(1);
    if (const std::size_t redraw = line.rfind('\r'); redraw != std::string_view::npos)
        line.remove_prefix(redraw + 1);
    std::string out;
    out.reserve(line.size() + 8);
    const std::size_t start = line.find_first_not_of(" \t");
    const bool command = start != std::string_view::npos && line.substr(start).starts_with("::");
    if (command) {
        out.append(line.substr(0, start)).append("\\x3a");
        line.remove_prefix(start + 1);
    }
    while (!line.empty()) {
        if (line.starts_with("##")) {
            out += "#\\x23"; // Azure looks for ##vso[ anywhere in a line
            line.remove_prefix(2);
            continue;
        }
        const Character character = decode(line);
        if (character.point > 0x10ffff || is_dangerous(character.point))
            append_escape(out, line.substr(0, character.length));
        else
            out.append(line.substr(0, character.length));
        line.remove_prefix(character.length);
    }
    return out;
}

} // namespace caisson::runner

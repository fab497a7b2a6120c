#include "sandbox/base/text.hh"

#include <array>
#include <cstdint>
#include <cstdio>

namespace caisson {
namespace {

struct Character {
    std::size_t size = 0; ///< bytes taken; 0: not UTF-8
    std::uint32_t code = 0;
};

/// The character at the start of `text`, which is not empty.
Character first_character(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {1, lead};
    // C0, C1 would be overlong; above F4 lies nothing
    if (lead < 0xc2 || lead > 0xf4) return {};
    const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (text.size() < size) return {};
    std::uint32_t code = lead & (0xffU >> (size + 1));
    for (std::size_t at = 1; at < size; ++at) {
        if ((byte(at) & 0xc0U) != 0x80U) return {};
        code = code << 6U | (byte(at) & 0x3fU);
    }
    static constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[size] || code > 0x10ffff) return {};
    if (code >= 0xd800 && code <= 0xdfff) return {};
    return {size, code};
}

/// C0, DEL and C1 drive a terminal; the others hide text or show it in another order than it is
/// (CVE-2021-42574, "Trojan Source").
bool is_unsafe(std::uint32_t code) noexcept
{
    struct Range {
        std::uint32_t from, to;
    };
    static constexpr std::array<Range, 8> kUnsafe = {{{0x00, 0x1f},
                                                      {0x7f, 0x9f},
                                                      {0xad, 0xad},
                                                      {0x61c, 0x61c},
                                                      {0x200b, 0x200f},
                                                      {0x2028, 0x202e},
                                                      {0x2060, 0x206f},
                                                      {0xfeff, 0xfeff}}};
    for (const Range& range : kUnsafe)
        if (code >= range.from && code <= range.to) return true;
    return code >= 0xe0000 && code <= 0xe007f; // tags: invisible copies of ASCII
}

std::string escaped(const char* format, std::uint32_t value)
{
    std::array<char, 16> text = {};
    (void)std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

} // namespace

bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        const Character next = first_character(text);
        if (next.size == 0) return false;
        text.remove_prefix(next.size);
    }
    return true;
}

std::string printable(std::string_view text)
{
    std::string safe;
    safe.reserve(text.size());
    while (!text.empty()) {
        const Character next = first_character(text);
        if (next.size == 0)
            safe += escaped("\\x%02x", static_cast<unsigned char>(text.front()));
        else if (is_unsafe(next.code))
            safe += escaped("\\u{%x}", next.code);
        else
            safe += text.substr(0, next.size);
        text.remove_prefix(next.size == 0 ? 1 : next.size);
    }
    return safe;
}

} // namespace caisson

#include "runner/dockerfile/utf8.hh"

#include <algorithm>
#include <array>

namespace caisson::runner {
namespace {

constexpr Rune kInvalid{0xFFFD, 1};

struct Range {
    char32_t first;
    char32_t last;
};

/// Blocks of characters above ASCII that are no letters: signs, punctuation, symbols, emoji.
constexpr std::array kNoLetters = {
    Range{0x80, 0xA9},       Range{0xAB, 0xB4},       Range{0xB6, 0xB9},     Range{0xBB, 0xBF},
    Range{0xD7, 0xD7},       Range{0xF7, 0xF7},       Range{0x2000, 0x2070}, Range{0x2072, 0x207E},
    Range{0x2080, 0x208F},   Range{0x20A0, 0x20FF},   Range{0x2190, 0x2BFF}, Range{0x2E00, 0x2FFF},
    Range{0x3000, 0x3004},   Range{0x3007, 0x3030},   Range{0xE000, 0xF8FF}, Range{0xFE00, 0xFE6F},
    Range{0xFF00, 0xFF20},   Range{0xFF3B, 0xFF40},   Range{0xFF5B, 0xFF65}, Range{0xFFE0, 0xFFFF},
    Range{0x1F000, 0x1FAFF}, Range{0xE0000, 0x10FFFF}};

/// How many bytes the sequence that `lead` begins has, and the smallest code it may encode:
/// anything below would be an overlong form.
struct Sequence {
    std::size_t length;
    char32_t smallest;
    unsigned char mask;
};

constexpr Sequence sequence_of(unsigned char lead)
{
    if ((lead & 0xE0U) == 0xC0U) return {2, 0x80, 0x1F};
    if ((lead & 0xF0U) == 0xE0U) return {3, 0x800, 0x0F};
    if ((lead & 0xF8U) == 0xF0U) return {4, 0x10000, 0x07};
    return {0, 0, 0};
}

template<class Change>
std::string changed(std::string_view text, Change change)
{
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), change);
    return result;
}

} // namespace

Rune decode_rune(std::string_view text)
{
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return {lead, 1};
    const Sequence sequence = sequence_of(lead);
    if (sequence.length == 0 || text.size() < sequence.length) return kInvalid;
    char32_t code = lead & sequence.mask;
    for (std::size_t index = 1; index < sequence.length; ++index) {
        const auto byte = static_cast<unsigned char>(text[index]);
        if ((byte & 0xC0U) != 0x80U) return kInvalid;
        code = (code << 6U) | (byte & 0x3FU);
    }
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < sequence.smallest || code > 0x10FFFF || surrogate) return kInvalid;
    return {code, sequence.length};
}

bool is_space(char32_t code)
{
    if (code < 0x80) return code == U' ' || (code >= U'\t' && code <= U'\r');
    return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
           code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_letter(char32_t code)
{
    if (code < 0x80) return (code >= U'a' && code <= U'z') || (code >= U'A' && code <= U'Z');
    if (code == 0x1680) return false;
    return std::none_of(kNoLetters.begin(), kNoLetters.end(), [code](const Range& range) {
        return code >= range.first && code <= range.last;
    });
}

std::string_view trim_left(std::string_view text)
{
    while (!text.empty()) {
        const Rune rune = decode_rune(text);
        if (!is_space(rune.code)) break;
        text.remove_prefix(rune.length);
    }
    return text;
}

std::string_view trim(std::string_view text)
{
    text = trim_left(text);
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Rune rune = decode_rune(text.substr(at));
        at += rune.length;
        if (!is_space(rune.code)) end = at;
    }
    return text.substr(0, end);
}

std::string to_lower(std::string_view text)
{
    return changed(text, [](char byte) {
        return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
    });
}

std::string to_upper(std::string_view text)
{
    return changed(text, [](char byte) {
        return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte;
    });
}

} // namespace caisson::runner

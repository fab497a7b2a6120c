#include "runner/image/utf8.hh"

#include <cstddef>

namespace caisson::runner {
namespace {

/// The length of the well-formed sequence that `text` starts with; 0 where it starts with none
/// (RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text) noexcept
{
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                               : lead >= 0xe0 && lead <= 0xef ? 3
                               : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                              : 0;
    if (length == 0 || text.size() < length) return 0;
    const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(1) < low || byte(1) > high) return 0;
    for (std::size_t at = 2; at < length; ++at)
        if (byte(at) < 0x80 || byte(at) > 0xbf) return 0;
    return length;
}

/// C0 and C1 controls: a terminal may take either as the start of an escape sequence.
bool is_control(std::string_view sequence) noexcept
{
    const auto lead = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 2) return lead == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
    return lead < 0x20 || lead == 0x7f;
}

} // namespace

bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string shown;
    while (!text.empty()) {
        const std::size_t known = sequence_length(text);
        const std::string_view sequence = text.substr(0, known == 0 ? 1 : known);
        text.remove_prefix(sequence.size());
        if (known != 0 && !is_control(sequence)) {
            shown += sequence;
            continue;
        }
        for (const char unit : sequence) {
            const auto byte = static_cast<unsigned char>(unit);
            shown += "\\x";
            shown += kDigits[byte >> 4U];
            shown += kDigits[byte & 0xfU];
        }
    }
    return shown;
}

} // namespace caisson::runner

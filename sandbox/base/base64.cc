#include "sandbox/base/base64.hh"

#include <cstdint>

namespace caisson {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int value_of(char digit)
{
    if (digit == '-') digit = '+';
    if (digit == '_') digit = '/';
    const std::size_t place = kAlphabet.find(digit);
    return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

} // namespace

std::string base64_encode(std::string_view bytes)
{
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t index = 0; index < 3; ++index)
            group =
                group << 8 |
                (at + index < bytes.size() ? static_cast<unsigned char>(bytes[at + index]) : 0U);
        const std::size_t have = std::min<std::size_t>(3, bytes.size() - at);
        for (std::size_t index = 0; index < 4; ++index)
            text += index <= have ? kAlphabet[group >> (18 - 6 * index) & 63U] : '=';
    }
    return text;
}

std::optional<std::string> base64_decode(std::string_view text)
{
    std::size_t padding = 0;
    while (padding < 2 && !text.empty() && text.back() == '=') {
        text.remove_suffix(1);
        ++padding;
    }
    if (text.size() % 4 == 1) return std::nullopt;
    if (padding != 0 && (text.size() + padding) % 4 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (const char digit : text) {
        const int value = value_of(digit);
        if (value < 0) return std::nullopt;
        group = group << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(group >> bits & 0xff);
        }
    }
    // left-over bits must be zero, or two texts would mean the same bytes
    if ((group & ((1U << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

} // namespace caisson

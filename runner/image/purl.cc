#include "runner/image/purl.hh"

namespace caisson::runner {

std::string percent_encode(std::string_view text, std::string_view also_plain)
{
    static constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~";
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (kPlain.find(letter) != std::string_view::npos ||
            also_plain.find(letter) != std::string_view::npos)
            encoded += letter;
        else
            (encoded += '%').append({kDigits[byte >> 4U], kDigits[byte & 0xfU]});
    }
    return encoded;
}

std::string package_url(const std::string& type,
                        const std::string& path,
                        const std::string& version,
                        const std::vector<std::pair<std::string, std::string>>& qualifiers)
{
    std::string url = "pkg:" + type + "/" + percent_encode(path, "/");
    if (!version.empty()) url += "@" + percent_encode(version);
    char separator = '?';
    for (const auto& [key, value] : qualifiers) {
        if (value.empty()) continue;
        url += separator + key + "=" + percent_encode(value);
        separator = '&';
    }
    return url;
}

} // namespace caisson::runner

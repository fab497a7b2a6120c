#pragma once

#include <string>

namespace caisson::runner {

/// The parts of a URL that say whom one speaks to, in lower case.
struct Origin {
    std::string scheme;
    std::string host; ///< "registry.example.org", "[::1]"
    std::string port; ///< never empty

    /// "registry.example.org:5000"; the port that the scheme has by itself is left out.
    [[nodiscard]] std::string authority() const;
    bool operator==(const Origin&) const = default;
};

/// What is no URL is an Error of kind kInput that quotes it.
[[nodiscard]] Origin origin_of(const std::string& url);

/// What `location` means in an answer to a request for `base` (RFC 3986 5.2; RFC 9110 10.2.2).
[[nodiscard]] std::string resolve_url(const std::string& base, const std::string& location);

/// `url` with one more parameter, whose value is encoded.
[[nodiscard]] std::string
with_parameter(const std::string& url, const std::string& name, const std::string& value);

} // namespace caisson::runner

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// What a registry asks for in `WWW-Authenticate`: `Basic` (RFC 7617), or `Bearer
/// realm="…",service="…",scope="…"` (RFC 6750; distribution's token authentication).
struct Challenge {
    bool basic = false;
    std::string realm; ///< of Bearer: where tokens are given out, a URL
    std::string service;
    std::string scope;
};

/// Reads one header value; nothing where it is neither, or a Bearer without a realm.
[[nodiscard]] std::optional<Challenge> parse_challenge(std::string_view value);

/// Where to ask for a token for all of `scopes` ("repository:app:pull").
[[nodiscard]] std::string token_url(const Challenge& challenge,
                                    const std::vector<std::string>& scopes,
                                    const std::string& account);

} // namespace caisson::runner

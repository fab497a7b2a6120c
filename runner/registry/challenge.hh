#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace caisson::runner {

/// What a registry asks for in `WWW-Authenticate: Bearer realm="…",service="…",scope="…"` (RFC
/// 6750; distribution's token authentication).
struct Challenge {
    std::string realm; ///< where tokens are given out, a URL
    std::string service;
    std::string scope;
};

/// Reads one header value; nothing where it is no Bearer challenge or has no realm.
[[nodiscard]] std::optional<Challenge> parse_challenge(std::string_view value);

/// Where to ask for an anonymous token.
[[nodiscard]] std::string token_url(const Challenge& challenge);

} // namespace caisson::runner

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace caisson {

/// Padded standard base64 (RFC 4648 section 4).
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Accepts the standard and the URL-safe alphabet, padded or not; nothing for anything else.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

} // namespace caisson

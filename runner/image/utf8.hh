#pragma once

#include <string>
#include <string_view>

namespace caisson::runner {

/// Whether `text` is well-formed UTF-8 (RFC 3629): JSON can carry nothing else.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Foreign text for a terminal or a message: control bytes (ESC among them) and bytes that are not
/// UTF-8 become `\xNN`, so that a name can neither move the cursor nor pretend to be another line.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace caisson::runner

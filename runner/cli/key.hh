#pragma once

#include <filesystem>

namespace caisson::runner {

/// Where the signing key lies unless a flag says otherwise: `$CAISSON_KEY`, else
/// `$XDG_CONFIG_HOME/caisson/signing-key.pem`, else `~/.config/caisson/signing-key.pem`.
[[nodiscard]] std::filesystem::path default_key_path();

} // namespace caisson::runner

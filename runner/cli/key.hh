#pragma once

#include <filesystem>
#include <string>

namespace caisson::runner {

/// Where the signing key lies unless a flag says otherwise: `$CAISSON_KEY`, else
/// `$XDG_CONFIG_HOME/caisson/signing-key.pem`, else `~/.config/caisson/signing-key.pem`.
[[nodiscard]] std::filesystem::path default_key_path();

/// A key that was made: its public half as PEM, and the file that holds it (`<key>.pub`).
struct NewKey {
    std::filesystem::path public_file;
    std::string pem;
};

/// Makes a key by the signer, and writes its public half beside it; an existing one is never
/// replaced. `make_folder`: makes its folder (0700) where it is missing.
NewKey write_new_key(const std::filesystem::path& key, bool make_folder);

} // namespace caisson::runner

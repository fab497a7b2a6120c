#pragma once

#include "attest/key.hh"

#include <filesystem>

namespace caisson::attest {

/// Reads the signing key. A file that is not regular, that group or others may read, or that holds
/// no P-256 key is an Error of kind kInput with the way to mend it.
[[nodiscard]] PrivateKey read_key_file(const std::filesystem::path& path);

/// Makes a key and writes it (0600); an existing file is an Error of kind kInput and stays as it
/// is.
PrivateKey write_key_file(const std::filesystem::path& path);

} // namespace caisson::attest

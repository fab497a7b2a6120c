#pragma once

#include <string>
#include <string_view>

namespace caisson::attest {

/// What an attestation says, for people: text for a terminal, everything hostile escaped. Says in
/// its first line that nothing was verified. Input that is neither bundle, envelope nor statement:
/// Error of kind kInput.
[[nodiscard]] std::string describe(std::string_view bundle_envelope_or_statement);

} // namespace caisson::attest

#pragma once

#include <string_view>

namespace caisson {

/// One line to standard error, `caisson: …`, whole even when threads write at once. For people;
/// what a program or an attestation reads goes elsewhere. Never a secret, a token or an environment
/// value.
void say(std::string_view line);

} // namespace caisson

#pragma once

#include <string>
#include <string_view>

namespace caisson::attest::dsse {

/// The bytes that a DSSE signature is over (protocol.md, "Signature Definition"):
/// PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body.
[[nodiscard]] std::string pae(std::string_view type, std::string_view body);

} // namespace caisson::attest::dsse

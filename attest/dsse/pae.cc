#include "attest/dsse/pae.hh"

namespace caisson::attest::dsse {

std::string pae(std::string_view type, std::string_view body)
{
    // "LEN(s) = ASCII decimal encoding of the byte length of s, with no leading zeros"
    std::string bytes = "DSSEv1 " + std::to_string(type.size()) + ' ';
    bytes.append(type) += ' ';
    bytes += std::to_string(body.size()) + ' ';
    bytes.append(body);
    return bytes;
}

} // namespace caisson::attest::dsse

#include "attest/openssl.hh"

#include <array>
#include <openssl/err.h>

namespace caisson::attest::openssl {

std::string take_errors()
{
    std::string text;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        std::array<char, 256> line = {};
        ERR_error_string_n(code, line.data(), line.size());
        if (!text.empty()) text += "; ";
        text += line.data();
    }
    return text.empty() ? "OpenSSL gave no reason" : text;
}

} // namespace caisson::attest::openssl

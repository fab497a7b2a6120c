#include "attest/openssl.hh"

#include <array>
#include <openssl/crypto.h>
#include <openssl/err.h>

namespace caisson::attest::openssl {

void ignore_configuration()
{
    require(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr), "OPENSSL_init_crypto");
}

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

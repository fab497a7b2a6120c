#pragma once

#include "sandbox/base/error.hh"

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <string>
#include <string_view>

/// OpenSSL's handles as owners and its error queue as our Error. Nobody else in attest/ includes
/// <openssl/…>.
namespace caisson::attest::openssl {

/// Frees a handle with the function that its type wants.
template<auto Free>
struct Deleter {
    template<class Handle>
    void operator()(Handle* handle) const noexcept
    {
        Free(handle);
    }
};

using Md = std::unique_ptr<EVP_MD, Deleter<EVP_MD_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

/// Text as the bytes that OpenSSL's functions take.
[[nodiscard]] inline const unsigned char* bytes_of(std::string_view text) noexcept
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// Keeps OpenSSL from reading openssl.cnf, which may name modules to load into this process. Before
/// any other use.
void ignore_configuration();

/// What OpenSSL's error queue says, which is emptied: a stale entry must not explain a later
/// failure.
[[nodiscard]] std::string take_errors();

/// The result of `call`, or an internal Error with what the error queue says.
template<class Handle>
Handle* require(Handle* handle, const char* call)
{
    if (handle == nullptr)
        throw Error(ErrorKind::kInternal, std::string(call) + ": " + take_errors());
    return handle;
}
/// The same for functions that return 1 for success (0 and negative numbers are failures).
inline void require(int result, const char* call)
{
    if (result != 1) throw Error(ErrorKind::kInternal, std::string(call) + ": " + take_errors());
}

} // namespace caisson::attest::openssl

// A registry's WWW-Authenticate header: whatever it says, the address that is asked next begins
// with the realm, and nothing of the rest gets into it but encoded.
#include "runner/registry/challenge.hh"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace caisson::runner;
    const auto challenge = parse_challenge({reinterpret_cast<const char*>(data), size});
    if (!challenge) return 0;
    const std::string url = token_url(*challenge, {challenge->scope}, "");
    if (challenge->basic) return 0;
    if (challenge->realm.empty() || !url.starts_with(challenge->realm)) std::abort();
    const std::string_view query = std::string_view(url).substr(challenge->realm.size());
    if (query.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "?&=%._~-") != std::string_view::npos)
        std::abort();
    return 0;
}

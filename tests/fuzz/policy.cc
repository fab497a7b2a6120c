// A policy file may come from anyone: it is read whole, or refused with an Error of kind kUsage.
#include "policies/policy.hh"

#include "sandbox/base/error.hh"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const auto policy = caisson::policies::parse_policy(text, "input");
        if (policy.groups.empty() || policy.canonical_json.empty()) std::abort();
    } catch (const caisson::Error& error) {
        if (error.kind() != caisson::ErrorKind::kUsage) std::abort();
    }
    return 0;
}

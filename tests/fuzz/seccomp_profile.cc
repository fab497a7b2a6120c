// A seccomp profile may come from anyone: it is read whole, or refused with an Error of kind
// kUsage.
#include "policies/seccomp_profile.hh"

#include "sandbox/base/error.hh"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const auto profile = caisson::policies::parse_seccomp_profile(text, "input");
        for (const auto& call : caisson::policies::resolve_profile(
                 profile, {.architecture = "amd64", .kernel = {6, 1}, .capabilities = {}}))
            if (call.name.empty() || call.action.empty()) std::abort();
    } catch (const caisson::Error& error) {
        if (error.kind() != caisson::ErrorKind::kUsage) std::abort();
    }
    return 0;
}

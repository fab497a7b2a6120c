#include "runner/image/platform.hh"

#include "sandbox/base/text.hh"

#include <nlohmann/json.hpp>

namespace caisson::runner {

std::string host_architecture()
{
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
    return "riscv64";
#elif defined(__s390x__)
    return "s390x";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
    return "ppc64le";
#else
#error "add this architecture's GOARCH name"
#endif
}

bool runs_here(const nlohmann::json& platform)
{
    const std::string variant = platform.value("variant", "");
    // amd64/v2 and above need instructions that this machine may lack; arm64 knows only v8
    const bool baseline = variant.empty() || variant == "v1" || variant == "v8";
    return baseline && platform.value("os", "") == "linux" &&
           platform.value("architecture", "") == host_architecture();
}

std::string platform_text(const nlohmann::json& platform)
{
    const std::string variant = platform.value("variant", "");
    return printable(platform.value("os", "?") + "/" + platform.value("architecture", "?") +
                     (variant.empty() ? "" : "/" + variant));
}

} // namespace caisson::runner

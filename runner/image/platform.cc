#include "runner/image/platform.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

/// amd64/v2 and above need instructions that this machine may lack; arm64 knows only v8.
bool is_baseline(std::string_view variant)
{
    return variant.empty() || variant == "v1" || variant == "v8";
}

} // namespace

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

bool runs_architecture(std::string_view architecture)
{
    const std::string host = host_architecture();
    return architecture == host || (host == "amd64" && architecture == "386");
}

std::string architecture_of_platform(std::string_view platform)
{
    constexpr std::string_view kSystem = "linux/";
    std::string_view rest = platform;
    if (rest.starts_with(kSystem)) {
        rest.remove_prefix(kSystem.size());
        const std::size_t slash = std::min(rest.find('/'), rest.size());
        const std::string_view variant = rest.substr(std::min(slash + 1, rest.size()));
        const std::string_view architecture = rest.substr(0, slash);
        if (runs_architecture(architecture) && is_baseline(variant))
            return std::string(architecture);
    }
    throw Error(ErrorKind::kUsage,
                "platform \"" + printable(platform) + "\" does not run here",
                "this machine runs linux/" + host_architecture() +
                    (runs_architecture("386") ? " and linux/386" : ""));
}

bool is_for(const nlohmann::json& platform, std::string_view architecture)
{
    return is_baseline(platform.value("variant", "")) && platform.value("os", "") == "linux" &&
           platform.value("architecture", "") == architecture;
}

std::string platform_text(const nlohmann::json& platform)
{
    const std::string variant = platform.value("variant", "");
    return printable(platform.value("os", "?") + "/" + platform.value("architecture", "?") +
                     (variant.empty() ? "" : "/" + variant));
}

} // namespace caisson::runner

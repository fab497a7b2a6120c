#include "runner/store/seal.hh"

#include "attest/digest.hh"

namespace caisson::runner {
namespace {

constexpr std::size_t kTail = 1 + 64 + 1; ///< "\n" hex "\n"

} // namespace

std::string seal(std::string_view body)
{
    std::string sealed(body);
    sealed += '\n';
    sealed += attest::Digest::of(body).hex();
    sealed += '\n';
    return sealed;
}

std::optional<std::string_view> unseal(std::string_view sealed)
{
    if (sealed.size() < kTail) return std::nullopt;
    const std::string_view body = sealed.substr(0, sealed.size() - kTail);
    const std::string_view tail = sealed.substr(body.size());
    if (tail.front() != '\n' || tail.back() != '\n') return std::nullopt;
    if (tail.substr(1, 64) != attest::Digest::of(body).hex()) return std::nullopt;
    return body;
}

} // namespace caisson::runner

#include "attest/digest.hh"

#include "attest/openssl.hh"

namespace caisson::attest {
namespace {

constexpr std::size_t kHexDigits = 64;
constexpr std::string_view kPrefix = "sha256:";

bool is_hex_digest(std::string_view hex)
{
    return hex.size() == kHexDigits &&
           hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string to_hex(const unsigned char* bytes, std::size_t size)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(size * 2);
    for (std::size_t index = 0; index < size; ++index) {
        hex += kDigits[bytes[index] >> 4U];
        hex += kDigits[bytes[index] & 0xfU];
    }
    return hex;
}

/// Fetched once: EVP_sha256() would search the providers again at every use (migration_guide(7)).
const EVP_MD* sha256()
{
    static const openssl::Md kMd(
        openssl::require(EVP_MD_fetch(nullptr, "SHA256", nullptr), "EVP_MD_fetch"));
    return kMd.get();
}

Digest finished(EVP_MD_CTX* context)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    openssl::require(EVP_DigestFinal_ex(context, bytes, &size), "EVP_DigestFinal_ex");
    return Digest::from_hex(to_hex(bytes, size));
}

} // namespace

std::optional<Digest> Digest::parse(std::string_view text)
{
    if (!text.starts_with(kPrefix)) return std::nullopt;
    text.remove_prefix(kPrefix.size());
    if (!is_hex_digest(text)) return std::nullopt;
    return from_hex(std::string(text));
}

Digest Digest::from_hex(std::string hex)
{
    if (!is_hex_digest(hex))
        throw Error(ErrorKind::kInternal, "\"" + hex + "\" is not a sha256 digest in hex");
    Digest digest;
    digest.hex_ = std::move(hex);
    return digest;
}

Digest Digest::of(std::string_view bytes)
{
    // The context is kept for the thread: setting one up costs more than hashing a small input.
    thread_local const openssl::MdContext kContext(
        openssl::require(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    EVP_MD_CTX* context = kContext.get();
    openssl::require(EVP_DigestInit_ex2(context, sha256(), nullptr), "EVP_DigestInit_ex2");
    openssl::require(EVP_DigestUpdate(context, bytes.data(), bytes.size()), "EVP_DigestUpdate");
    return finished(context);
}

struct Sha256::State {
    openssl::MdContext context;
};

Sha256::Sha256()
    : state_(std::make_unique<State>())
{
    state_->context.reset(openssl::require(EVP_MD_CTX_new(), "EVP_MD_CTX_new"));
    openssl::require(EVP_DigestInit_ex2(state_->context.get(), sha256(), nullptr),
                     "EVP_DigestInit_ex2");
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes)
{
    openssl::require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()),
                     "EVP_DigestUpdate");
}

Digest Sha256::finish() &&
{
    const std::unique_ptr<State> last = std::move(state_);
    return finished(last->context.get());
}

} // namespace caisson::attest

// A request as caisson-signer reads it, with the key in its memory: the first line is the message,
// the rest the statement. The answer is a signature over just that statement, or an Error; an
// invocation is signed once.
#include "attest/dsse/pae.hh"
#include "attest/provenance.hh"
#include "attest/signer/protocol.hh"
#include "attest/signer/request.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace caisson;

void require(bool condition)
{
    if (!condition) std::abort();
}

Message request_of(std::string_view text, std::string_view statement)
{
    Message request;
    request.text = text;
    request.descriptors.push_back(make_sealed_memfd("statement", statement));
    return request;
}

/// Whether it was signed.
bool ask(std::string_view text, std::string_view statement, const attest::SignedList& list)
{
    static const attest::PrivateKey kKey = attest::PrivateKey::generate();
    try {
        const auto reply =
            nlohmann::json::parse(attest::answer(request_of(text, statement), kKey, list));
        const auto signature = base64_decode(reply.get<attest::protocol::Signature>().signature);
        require(signature.has_value());
        require(kKey.public_key().verifies(attest::dsse::pae(attest::kPayloadType, statement),
                                           *signature));
        return true;
    } catch (const Error&) {
        return false;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view text = bytes.substr(0, end);
    const std::string_view statement = bytes.substr(std::min(end + 1, bytes.size()));
    const TempDirectory place(std::filesystem::temp_directory_path(), "caisson-fuzz-");
    const attest::SignedList list = attest::SignedList::open_beside(place.path() / "key");
    if (ask(text, statement, list)) require(!ask(text, statement, list));
    return 0;
}

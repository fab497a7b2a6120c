// A file that someone handed over: verify() must answer with a verdict and describe() with a page
// or an Error of kind kInput, whatever the bytes are; and what is printed must not drive a
// terminal.
#include "attest/bundle.hh"
#include "attest/inspect.hh"
#include "attest/statement.hh"
#include "attest/verify.hh"
#include "sandbox/base/error.hh"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace caisson;

// the DSSE specification's published test key
constexpr const char* kKey = "-----BEGIN PUBLIC KEY-----\n"
                             "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr\n"
                             "CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==\n"
                             "-----END PUBLIC KEY-----\n";
constexpr const char* kSubject =
    "sha256:a25df40d0ef1b29ce22f9ebc9a25a68f70851bf1b3d79a5d9b9116beb8e6b587";

void require(bool condition)
{
    if (!condition) std::abort();
}

bool is_harmless(std::string_view text)
{
    return text.find('\x1b') == std::string_view::npos && text.find('\0') == std::string_view::npos;
}

void check_verdict(std::string_view file)
{
    static const attest::Expectations kExpected = {
        kKey, attest::Digest::parse(kSubject).value(), std::nullopt};
    const attest::Verdict verdict = attest::verify(file, kExpected);
    require(verdict.holds() == verdict.statement.has_value());
    for (const attest::Clause& clause : verdict.clauses)
        require(is_harmless(clause.reason));
    if (verdict.holds()) require(verdict.statement->is_object());
}

void check_page(std::string_view file)
{
    try {
        require(is_harmless(attest::describe(file)));
    } catch (const Error& error) {
        require(error.kind() == ErrorKind::kInput && is_harmless(error.what()));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view file(reinterpret_cast<const char*>(data), size);
    check_verdict(file);
    check_page(file);
    (void)attest::read_statement(file);
    return 0;
}

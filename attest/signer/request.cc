#include "attest/signer/request.hh"

#include "attest/dsse/pae.hh"
#include "attest/provenance.hh"
#include "attest/signer/protocol.hh"
#include "attest/statement.hh"
#include "attest/strict_json.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <cerrno>
#include <unistd.h>

namespace caisson::attest {
namespace {

[[noreturn]] void refuse(const std::string& why)
{
    throw Error(ErrorKind::kRefused, "the signer refuses the statement: " + why);
}

/// "urn:uuid:" and a UUID in lower case (RFC 4122 section 3). Exact, because the id becomes a line
/// of the list: one id must not be written in two ways, nor two lines be one id.
bool is_invocation_id(std::string_view text)
{
    constexpr std::string_view kShape = "urn:uuid:########-####-####-####-############";
    constexpr std::string_view kHex = "0123456789abcdef";
    if (text.size() != kShape.size()) return false;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (kShape[at] == '#' ? kHex.find(text[at]) == std::string_view::npos
                              : text[at] != kShape[at])
            return false;
    return true;
}

/// No exception of the library gets out: only an Error leaves the signer running for the next
/// request.
protocol::Request read_request(const std::string& text)
{
    const auto message = nlohmann::json::parse(text, nullptr, false);
    const auto builder_id = text_member(message, "builder_id");
    if (!builder_id) throw Error(ErrorKind::kInternal, "a request to sign that names no builder");
    return {.builder_id = *builder_id};
}

std::string read_statement_file(int file)
{
    // lseek and not fstat: that is newfstatat(2), which would take paths too
    const off_t size = ::lseek(file, 0, SEEK_END);
    if (size < 0 || ::lseek(file, 0, SEEK_SET) != 0) throw SysError(errno, "seek the statement");
    if (static_cast<std::size_t>(size) > kMaxPayload)
        refuse("it is larger than " + std::to_string(kMaxPayload >> 20U) + " MiB");
    return read_all(file, kMaxPayload, "the statement");
}

} // namespace

std::string check_signable(std::string_view payload, const std::string& builder_id)
{
    const auto statement = read_statement(payload);
    if (!statement.value) refuse(printable(statement.problem));
    if (statement.value->type != kStatementType) refuse("it is no in-toto statement v1");
    if (statement.value->predicate_type != kProvenanceType) refuse("it is no SLSA provenance v1");
    if (statement.value->subjects.size() != 1 || !statement.value->subjects[0])
        refuse("it is not about one image by its sha256");
    if (builder_id.empty() || statement.value->builder_id != builder_id)
        refuse("it names another builder than the one it was asked for");
    if (!is_invocation_id(statement.value->invocation_id))
        refuse("its invocation id is no urn:uuid");
    return statement.value->invocation_id;
}

std::string answer(const Message& request, const PrivateKey& key, const SignedList& signed_before)
{
    if (request.descriptors.size() != 1)
        throw Error(ErrorKind::kInternal, "a request to sign without a statement");
    const protocol::Request wanted = read_request(request.text);
    const std::string payload = read_statement_file(request.descriptors[0].get());
    signed_before.add(check_signable(payload, wanted.builder_id));
    const std::string signature = key.sign(dsse::pae(kPayloadType, payload));
    return nlohmann::json(protocol::Signature{base64_encode(signature)}).dump();
}

} // namespace caisson::attest

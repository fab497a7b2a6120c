// Verification in the order of two specifications: DSSE 1.0.0 (protocol.md, "To verify") up to the
// payload, then in-toto's validation model (validation.md, "Statement layer") and SLSA 1.x
// ("Verifying artifacts"). The clause that a step carries out stands above it.

#include "attest/verify.hh"

#include "attest/bundle.hh"
#include "attest/dsse/pae.hh"
#include "attest/key.hh"
#include "attest/parameters.hh"
#include "attest/provenance.hh"
#include "attest/statement.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>

namespace caisson::attest {
namespace {

/// More subjects than this are refused, as sigstore-go does: each is compared.
constexpr std::size_t kMaxSubjects = 1024;

std::string in_quotes(std::string_view text)
{
    return '"' + printable(text) + '"';
}

Clause must_equal(std::string name, const std::string& is, const std::string& expected)
{
    if (is == expected) return {std::move(name), true, expected};
    return {std::move(name), false, "it is " + in_quotes(is) + ", not " + in_quotes(expected)};
}

/// DSSE: "Receive and decode SERIALIZED_BODY, PAYLOAD_TYPE, SIGNATURE, and KEYID […]. Reject if
/// decoding fails."
Clause check_file(const Reading<SignedFile>& file)
{
    if (!file.value) return {"file", false, printable(file.problem)};
    if (!file.value->by_key)
        return {
            "file", false, "the bundle names no public key: caisson trusts keys, and only those"};
    std::string reason = file.value->kind;
    if (file.value->log_entries != 0) reason += "; its transparency log entries were not looked at";
    return {"file", true, reason};
}

/// DSSE: "Verify SIGNATURE against PAE(UTF8(PAYLOAD_TYPE), SERIALIZED_BODY). Reject if the
/// verification fails." KEYID "MUST NOT be used for security decisions": it only explains.
Clause check_signature(const dsse::Envelope& envelope, const PublicKey& key)
{
    if (key.verifies(dsse::pae(envelope.payload_type, envelope.payload), envelope.signature))
        return {"signature", true, "by " + key.id()};
    std::string reason = "not by " + key.id() + ", or changed since";
    if (!envelope.key_id.empty() && envelope.key_id != key.id())
        reason += "; the file says it is by " + in_quotes(envelope.key_id);
    return {"signature", false, reason};
}

/// in-toto: "statement := decode envelope.payload as a JSON-encoded Statement; reject if decoding
/// fails. Reject if statement.type != https://in-toto.io/Statement/v1".
Clause check_statement(const Reading<Statement>& statement)
{
    if (!statement.value) return {"statement", false, printable(statement.problem)};
    return must_equal("statement", statement.value->type, kStatementType);
}

/// in-toto: "matchedSubjects := the subset of entries s in statement.subject where: there exists at
/// least one (alg, value) in s.digest where: alg is in acceptableDigestAlgorithms AND
/// hash(alg, artifactToVerify) == hexDecode(value). Reject if matchedSubjects is empty". A
/// subject's name decides nothing.
Clause check_subject(const Statement& statement, const Digest& expected)
{
    if (expected.empty()) return {"subject", false, "no image to compare with"};
    if (statement.subjects.size() > kMaxSubjects)
        return {"subject", false, "more than " + std::to_string(kMaxSubjects) + " subjects"};
    const auto& subjects = statement.subjects;
    if (std::find(subjects.begin(), subjects.end(), expected) != subjects.end())
        return {"subject", true, expected.text()};
    std::string reason = "it is not about " + expected.text();
    if (subjects.size() == 1 && subjects[0]) reason += ", but about " + subjects[0]->text();
    return {"subject", false, reason};
}

/// SLSA: "Look up the SLSA Build Level in the roots of trust, using the recognized public keys and
/// the builder.id": whose key it is says little without the id it was used for.
Clause check_builder(const Statement& statement, const std::optional<std::string>& expected)
{
    if (expected) return must_equal("builder", statement.builder_id, *expected);
    if (statement.builder_id.empty()) return {"builder", false, "the statement names none"};
    return {"builder",
            true,
            in_quotes(statement.builder_id) + ", with nothing given to compare it with"};
}

/// SLSA: "Verification tools SHOULD reject unrecognized fields in externalParameters to err on the
/// side of caution."
Clause check_parameters(const Statement& statement)
{
    const std::string problem = problem_of_parameters(
        member(statement.json, "predicate", "buildDefinition", "externalParameters"));
    if (!problem.empty()) return {"parameters", false, printable(problem)};
    return {"parameters", true, "all are documented ones"};
}

} // namespace

bool Verdict::holds() const noexcept
{
    return !clauses.empty() && std::all_of(clauses.begin(),
                                           clauses.end(),
                                           [](const Clause& clause) { return clause.holds; });
}

Verdict verify(std::string_view bundle_or_envelope, const Expectations& expected)
{
    const PublicKey key = in_context("read the trusted key",
                                     [&] { return PublicKey::from_pem(expected.public_key); });
    Verdict verdict;
    const auto add = [&](Clause clause) {
        verdict.clauses.push_back(std::move(clause));
        return verdict.clauses.back().holds;
    };

    const auto file = read_signed_file(bundle_or_envelope);
    if (!add(check_file(file))) return verdict;
    const dsse::Envelope& envelope = file.value->envelope;
    if (!add(check_signature(envelope, key))) return verdict;

    // From here on the bytes are the signer's. They are parsed as they were verified, never written
    // anew.
    // DSSE: "Reject if PAYLOAD_TYPE is not a supported type."
    if (!add(must_equal("payload type", envelope.payload_type, kPayloadType))) return verdict;
    auto statement = read_statement(envelope.payload);
    if (!add(check_statement(statement))) return verdict;

    // What follows is independent of each other: an auditor is told all that does not hold.
    add(check_subject(*statement.value, expected.subject));
    add(must_equal("predicate type", statement.value->predicate_type, kProvenanceType));
    add(must_equal("build type", statement.value->build_type, kDockerfileBuildType));
    add(check_parameters(*statement.value));
    add(check_builder(*statement.value, expected.builder_id));
    if (verdict.holds()) verdict.statement = std::move(statement.value->json);
    return verdict;
}

} // namespace caisson::attest

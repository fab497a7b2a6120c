#include "attest/statement.hh"

namespace caisson::attest {

Reading<Statement> read_statement(std::string_view payload)
{
    if (payload.size() > kMaxPayload)
        return {{}, "larger than " + std::to_string(kMaxPayload >> 20U) + " MiB"};
    auto json = read_strict_json(payload);
    if (!json.value) return {{}, json.problem};

    Statement statement;
    statement.json = std::move(*json.value);
    const nlohmann::json& whole = statement.json;
    const nlohmann::json& definition = member(whole, "predicate", "buildDefinition");
    const nlohmann::json& details = member(whole, "predicate", "runDetails");
    statement.type = text_member(whole, "_type").value_or("");
    statement.predicate_type = text_member(whole, "predicateType").value_or("");
    statement.build_type = text_member(definition, "buildType").value_or("");
    statement.builder_id = text_member(member(details, "builder"), "id").value_or("");
    statement.invocation_id = text_member(member(details, "metadata"), "invocationId").value_or("");
    if (const nlohmann::json& subjects = member(whole, "subject"); subjects.is_array())
        for (const nlohmann::json& subject : subjects)
            statement.subjects.push_back(Digest::parse(
                "sha256:" + text_member(member(subject, "digest"), "sha256").value_or("")));
    return {std::move(statement), {}};
}

} // namespace caisson::attest

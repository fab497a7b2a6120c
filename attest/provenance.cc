#include "attest/provenance.hh"

#include "attest/parameters.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <cmath>
#include <ctime>

namespace caisson::attest {
namespace {

using nlohmann::json;

json digest_set(const Digest& digest)
{
    return {{"sha256", digest.hex()}};
}

/// in-toto's ResourceDescriptor: members that say nothing are left out.
json resource(const Material& material)
{
    json entry = {{"name", material.name}, {"digest", material.digest}};
    if (!material.uri.empty()) entry["uri"] = material.uri;
    if (!material.media_type.empty()) entry["mediaType"] = material.media_type;
    if (!material.download_location.empty()) entry["downloadLocation"] = material.download_location;
    if (!material.annotations.empty()) entry["annotations"] = material.annotations;
    return entry;
}

json resources(const std::vector<Material>& materials)
{
    json list = json::array();
    for (const Material& material : materials)
        list.push_back(resource(material));
    return list;
}

json byproducts(const std::vector<ByProduct>& products)
{
    json list = json::array();
    for (const ByProduct& product : products)
        list.push_back({{"name", product.name},
                        {"digest", digest_set(product.digest)},
                        {"mediaType", product.media_type}});
    return list;
}

json step(const StepEvidence& evidence)
{
    json entry = {{"name", evidence.name},
                  {"stage", evidence.stage},
                  {"step", evidence.key.text()},
                  {"origin", evidence.cached ? "cache" : "run"},
                  {"originInvocation", evidence.origin_invocation}};
    if (!evidence.plan.empty()) { // a cell ran
        entry["plan"] = evidence.plan.text();
        entry["exitCode"] = evidence.exit_code;
        entry["verdict"] = evidence.verdict;
        entry["seconds"] = std::round(evidence.seconds * 1000) / 1000;
        entry["landlockAbi"] = evidence.landlock_abi;
        entry["seccomp"] = evidence.seccomp;
        if (!evidence.limits_held_by.empty()) entry["limitsHeldBy"] = evidence.limits_held_by;
    }
    if (!evidence.layer.empty()) entry["layer"] = evidence.layer.text();
    if (evidence.lowers_verified) entry["lowersVerified"] = true;
    return entry;
}

json evidence(const BuildRecord& record)
{
    json whole = record.evidence;
    json& steps = whole["steps"] = json::array();
    for (const StepEvidence& one : record.steps)
        steps.push_back(step(one));
    return whole;
}

/// RFC 3339 in UTC, as SLSA wants its times.
std::string timestamp(std::int64_t seconds)
{
    const std::time_t when = seconds;
    std::tm parts = {};
    char text[32] = {};
    if (::gmtime_r(&when, &parts) == nullptr ||
        std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        throw Error(ErrorKind::kInternal, "no time: " + std::to_string(seconds));
    return text;
}

/// The first text below `value` that is not UTF-8, as a JSON pointer.
std::optional<std::string> bad_text(const json& value, const std::string& path)
{
    if (value.is_string() && !is_utf8(value.get_ref<const std::string&>())) return path;
    if (!value.is_structured()) return std::nullopt;
    for (const auto& [name, below] : value.items()) {
        if (!is_utf8(name)) return path;
        if (auto found = bad_text(below, path + '/' + name)) return found;
    }
    return std::nullopt;
}

void check(const BuildRecord& record)
{
    if (record.subject.empty() || record.builder_id.empty() || record.invocation_id.empty())
        throw Error(ErrorKind::kInternal,
                    "the build record has no subject, builder id or invocation id");
    if (record.build_type != kDockerfileBuildType) return;
    // an option that is in no document must not get into an attestation, nor out of one
    if (const std::string problem = problem_of_parameters(record.external_parameters);
        !problem.empty())
        throw Error(ErrorKind::kInternal, "external parameters: " + problem);
}

} // namespace

std::string make_provenance(const BuildRecord& record)
{
    return in_context("make provenance", [&] {
        check(record);
        json subject = {{"digest", digest_set(record.subject)}};
        if (!record.subject_name.empty()) subject["name"] = record.subject_name;
        const json statement = {
            {"_type", kStatementType},
            {"subject", json::array({subject})},
            {"predicateType", kProvenanceType},
            {"predicate",
             {{"buildDefinition",
               {{"buildType", record.build_type},
                {"externalParameters", record.external_parameters},
                {"internalParameters", record.internal_parameters},
                {"resolvedDependencies", resources(record.materials)}}},
              {"runDetails",
               {{"builder",
                 {{"id", record.builder_id},
                  {"version", record.builder_version},
                  {"builderDependencies", resources(record.builder_dependencies)}}},
                {"metadata",
                 {{"invocationId", record.invocation_id},
                  {"startedOn", timestamp(record.started)},
                  {"finishedOn", timestamp(record.finished)},
                  {"caisson_evidence", evidence(record)}}},
                {"byproducts", byproducts(record.byproducts)}}}}}};
        if (const auto path = bad_text(statement, ""))
            throw Error(ErrorKind::kInternal, "the text at " + printable(*path) + " is not UTF-8");
        return statement.dump();
    });
}

} // namespace caisson::attest

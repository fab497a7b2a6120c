#include "runner/job/record.hh"

#include "runner/progress/progress.hh"
#include "sandbox/base/error.hh"
#include "sandbox/holders.hh"
#include "sandbox/plan_json.hh"

#include <cerrno>
#include <set>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

nlohmann::json external_parameters(const RecordInput& in)
{
    const BuildRequest& request = in.request;
    nlohmann::json outputs = nlohmann::json::array();
    for (const OutputRequest& output : request.outputs)
        outputs.push_back(output.type == OutputRequest::Type::kOci   ? "oci"
                          : output.type == OutputRequest::Type::kTar ? "tar"
                                                                     : "local");
    if (outputs.empty()) outputs.push_back("store");
    return {
        {"source", {{"uri", "local:context"}}},
        {"dockerfile",
         {{"path",
           request.dockerfile.empty() ? "Dockerfile" : request.dockerfile.filename().native()}}},
        {"target", in.target},
        {"platform", in.graph.config.os + "/" + in.graph.config.architecture},
        {"buildArgs", request.build_args},
        {"labels", nlohmann::json::object()},
        {"contexts", request.build_contexts},
        {"network", in.policy.network},
        {"policy", {{"name", in.policy.name}, {"digest", in.policy_digest.text()}}},
        {"cache", {{"mode", request.no_cache ? "off" : "local"}}},
        {"sourceDateEpoch", in.epoch},
        {"output", {{"type", outputs}, {"compression", "gzip"}}},
        {"tags", request.tags},
        {"builderId", request.builder_id}};
}

/// The limits that nobody held some step to, on the host that ran it.
std::set<std::string> not_enforced(const std::vector<attest::StepEvidence>& steps)
{
    std::set<std::string> keys;
    for (const attest::StepEvidence& step : steps)
        for (const auto& [limit, holder] : step.limits_held_by)
            if (holder == sandbox::holder_word(sandbox::Holder::kNobody)) keys.insert(limit);
    return keys;
}

nlohmann::json limits(const RecordInput& in)
{
    const policies::PolicyLimits& limits = in.policy.limits;
    nlohmann::json values = {{"memoryBytes", limits.memory_bytes},
                             {"swapBytes", limits.swap_bytes},
                             {"hugePageBytes", limits.huge_page_bytes},
                             {"processes", limits.processes},
                             {"cpuPercent", limits.cpu_percent},
                             {"cpuSeconds", limits.cpu_time.count()},
                             {"diskBytes", limits.disk_bytes},
                             {"diskFiles", limits.disk_files},
                             {"fileSizeBytes", limits.file_size_bytes},
                             {"openFiles", limits.open_files},
                             {"outputBytes", limits.output_bytes},
                             {"stepSeconds", limits.step_time.count()},
                             {"buildMemoryBytes", limits.build_memory_bytes},
                             {"buildDiskBytes", limits.build_disk_bytes},
                             {"buildSeconds", limits.build_time.count()}};
    values["notEnforced"] = not_enforced(in.solved.steps);
    if (limits.address_space_bytes) values["addressSpaceBytes"] = *limits.address_space_bytes;
    return values;
}

nlohmann::json internal_parameters(const RecordInput& in)
{
    return {{"isolation", {{"mode", "userns"}, {"profile", in.policy.name}}},
            {"limits", limits(in)}};
}

std::vector<attest::Material> materials(const RecordInput& in)
{
    std::vector<attest::Material> list;
    list.push_back({.name = "context",
                    .uri = "local:context",
                    .digest = {{"sha256", in.context.digest().hex()}},
                    .media_type = "application/vnd.caisson.context.v1+list"});
    list.push_back({.name = "dockerfile",
                    .uri = "local:dockerfile",
                    .digest = {{"sha256", in.dockerfile.hex()}}});
    list.push_back({.name = "policy",
                    .uri = "policy:" + in.policy.name,
                    .digest = {{"sha256", in.policy_digest.hex()}},
                    .media_type = "application/vnd.caisson.policy.v1+json"});
    for (const auto& [name, base] : in.bases) {
        attest::Material material{.name = "base:" + name,
                                  .uri = base.resolved,
                                  .digest = {{"sha256", base.manifest.digest.hex()}},
                                  .media_type = base.manifest.media_type};
        if (base.index) material.annotations["caisson_index"] = base.index->text();
        nlohmann::json stages = nlohmann::json::array();
        for (const auto& [stage, image] : in.graph.base_of_stage)
            if (image == name) stages.push_back(stage);
        material.annotations["caisson_stages"] = stages;
        material.annotations["caisson_pinned"] = name.find("@sha256:") != std::string::npos;
        list.push_back(std::move(material));
    }
    return list;
}

attest::Material
dependency(const std::string& name, const std::string& digest, const std::string& media_type)
{
    return {.name = name,
            .digest = {{"sha256", digest.substr(digest.find(':') + 1)}},
            .media_type = media_type};
}

/// What the self-test at the start of this build found of its walls.
nlohmann::json self_test(const Posture& posture)
{
    return {{"attempts", posture.attempts},
            {"refused", posture.refused},
            {"absent", posture.absent},
            {"open", posture.open},
            {"given", posture.given},
            {"callsBeside", posture.calls_beside},
            {"origin", posture.cached ? "cache" : "run"}};
}

/// The isolation facts that hold for every step of the build, and what this vantage point can not
/// see.
nlohmann::json evidence(const RecordInput& in)
{
    utsname host = {};
    if (::uname(&host) != 0) throw SysError(errno, "uname");
    const bool ran = !in.solved.plans.empty();
    return {{"vantage", "no-network"},
            {"coverage",
             {{"network", {{"complete", true}, {"reasons", nlohmann::json::array()}}},
              {"fileAccess", {{"complete", false}, {"reasons", {"not-collected"}}}}}},
            {"isolation",
             {{"kernel", host.release},
              {"namespaces",
               ran ? nlohmann::json({"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"})
                   : nlohmann::json::array()},
              {"capabilities", in.plan.capabilities},
              {"noNewPrivs", true},
              {"selfTest", self_test(in.posture)},
              {"trees", in.trees_in_memory ? "tmpfs" : "store"},
              {"hostAttestation", "none"}}}};
}

} // namespace

attest::BuildRecord make_record(const RecordInput& in, Store& store)
{
    attest::BuildRecord record;
    if (!in.request.tags.empty()) {
        const std::string& tag = in.request.tags.front();
        const std::size_t colon = tag.rfind(':');
        record.subject_name =
            colon == std::string::npos || tag.find('/', colon) != std::string::npos
                ? tag
                : tag.substr(0, colon);
    }
    record.subject = in.manifest.digest;
    record.external_parameters = external_parameters(in);
    record.internal_parameters = internal_parameters(in);
    record.materials = materials(in);
    record.builder_id = builder_id(in.request);
    record.builder_version = {{"caisson", CAISSON_VERSION}};
    record.builder_dependencies = in.programs;
    record.builder_dependencies.push_back(
        dependency("seccomp", in.filter.digest, "application/vnd.caisson.seccomp-bpf.v1"));
    record.builder_dependencies.back().annotations["caisson_source"] = in.policy_digest.text();
    if (!in.i386_filter.empty()) {
        record.builder_dependencies.push_back(
            dependency("seccomp-i386", in.i386_filter, "application/vnd.caisson.seccomp-bpf.v1"));
        record.builder_dependencies.back().annotations["caisson_source"] = in.policy_digest.text();
    }
    record.builder_dependencies.push_back(
        dependency("sandbox",
                   attest::Digest::of(plan_document(in.plan)).text(),
                   "application/vnd.caisson.sandbox.v1+json"));
    record.invocation_id = in.invocation;
    record.started = in.started;
    record.finished = in.finished;
    record.steps = in.solved.steps;
    for (attest::StepEvidence& step : record.steps)
        step.name = escape_output(step.name);
    record.evidence = evidence(in);
    record.byproducts.push_back(
        {.name = "imageConfig", .digest = in.config, .media_type = kOciConfig});
    if (!in.solved.plans.empty()) {
        std::string plans;
        for (const std::string& plan : in.solved.plans)
            plans += plan + "\n";
        record.byproducts.push_back({.name = "plans",
                                     .digest = store.put_blob(plans),
                                     .media_type = "application/vnd.caisson.plan.v1+jsonl"});
    }
    return record;
}

std::string builder_id(const BuildRequest& request)
{
    std::string id = request.builder_id.empty() ? "https://caisson.dev/builders/unconfigured/v1"
                                                : request.builder_id;
    if (::access(request.key.c_str(), R_OK) == 0) id += "/self-held";
    return id;
}

std::string new_invocation()
{
    unsigned char bytes[16];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw SysError(errno, "getrandom");
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U); // version 4
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U); // variant of RFC 9562
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "urn:uuid:";
    for (std::size_t index = 0; index < sizeof bytes; ++index) {
        if (index == 4 || index == 6 || index == 8 || index == 10) text += '-';
        text += kDigits[bytes[index] >> 4U];
        text += kDigits[bytes[index] & 0xfU];
    }
    return text;
}

} // namespace caisson::runner

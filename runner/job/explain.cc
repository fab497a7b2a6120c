#include "runner/job/explain.hh"

#include "policies/floor.hh"
#include "policies/i386.hh"
#include "runner/graph/cache_key.hh"
#include "runner/job/holders.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/program.hh"
#include "sandbox/launch.hh"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

using nlohmann::json;

json entry_to_json(const policies::SyscallEntry& entry)
{
    json object = {{"name", entry.name}, {"action", entry.action}};
    if (entry.action == "errno") object["error"] = entry.error;
    if (!entry.why.empty()) object["why"] = entry.why;
    for (const auto& argument : entry.arguments) {
        json test = {
            {"index", argument.index}, {"compare", argument.compare}, {"value", argument.value}};
        if (argument.compare.starts_with('&')) test["mask"] = argument.mask;
        object["arguments"].push_back(std::move(test));
    }
    return object;
}

json group_to_json(const std::string& name,
                   const std::string& why,
                   const std::vector<policies::SyscallEntry>& entries)
{
    json calls = json::array();
    for (const policies::SyscallEntry& entry : entries)
        calls.push_back(entry_to_json(entry));
    return {{"name", name}, {"why", why}, {"calls", std::move(calls)}};
}

/// What a system call is answered, in the order in which the filter asks.
json seccomp_to_json(const policies::Policy& policy,
                     const Filter& filter,
                     sandbox::Architecture architecture)
{
    const bool i386 = architecture == sandbox::Architecture::kI386;
    const std::vector<std::string> accepted =
        policy.seccomp ? policy.seccomp->accepted : std::vector<std::string>();
    json floor = json::array();
    if (i386)
        floor.push_back(group_to_json(
            "i386", "what only programs of linux/386 images can call", policies::i386_floor()));
    for (const policies::FloorPart& part : policies::floor_parts())
        if (std::find(accepted.begin(), accepted.end(), part.permission) == accepted.end())
            floor.push_back(group_to_json(part.group.name, part.group.why, part.group.calls));
    json object = {{"architecture", i386 ? "i386" : "native"},
                   {"digest", filter.digest},
                   {"floor", std::move(floor)},
                   {"accepted", accepted},
                   {"groups", json::array()},
                   {"otherwise", {{"action", "errno"}, {"error", EPERM}}},
                   {"unknownNumbers", {{"action", "errno"}, {"error", ENOSYS}}}};
    for (const policies::SyscallGroup& group : policy.groups)
        object["groups"].push_back(
            group_to_json(group.name, group.why, i386 ? group.i386_calls : group.calls));
    if (!policy.seccomp) return object;
    object["otherwise"] = {{"action", policy.seccomp->profile.otherwise.action},
                           {"error", policy.seccomp->profile.otherwise.error}};
    for (const auto& entry : entries_of(policy, architecture))
        object["profile"].push_back(entry_to_json(entry));
    object["unknownNames"] = filter.unknown_calls;
    return object;
}

json range_to_json(const sandbox::IdRange& range)
{
    return {{"first", range.first}, {"count", range.count}};
}

/// Host ids of the cell's 0 to 65535; on a host that has none for this user, why.
json ids_to_json()
try {
    const auto ids = sandbox::SubordinateIds::of_invoker();
    return {{"users", range_to_json(ids.users)}, {"groups", range_to_json(ids.groups)}};
} catch (const Error& error) {
    return {{"error", error.message()}, {"hint", error.hint()}};
}

/// What is the same for every cell under a policy.
json explain_policy(const policies::Policy& policy, const Filter& filter, const sandbox::Plan& plan)
{
    json object = sandbox::describe_cells(own_directory() / "caisson-chamber");
    const json limits = policies::canonical_limits(policy.limits);
    object["format"] = "caisson-explain@v1";
    object["policy"] = {{"name", policy.name},
                        {"description", policy.description},
                        {"digest", attest::Digest::of(policy.canonical_json).text()}};
    object["network"] = policy.network;
    object["ids"] = ids_to_json();
    object["capabilities"] = plan.capabilities;
    object["noNewPrivileges"] = true;
    object["landlock"] = {{"required", plan.landlock == sandbox::Landlock::kRequired},
                          {"abiHere", std::min(landlock_abi(), sandbox::kNewestLandlock)},
                          {"abiUsed", sandbox::kNewestLandlock}};
    object["fixedLimits"] = std::exchange(object["limits"], limits);
    object["limitsHeldBy"] = holder_words(holders_here(policy));
    object["limitsHeldBy"].erase("build_disk_bytes"); // where a build's store lies decides
    object["seccomp"] = seccomp_to_json(policy, filter, plan.architecture);
    return object;
}

json step_to_json(const sandbox::Plan& plan)
{
    json files = json::array();
    for (const sandbox::PlanFile& file : plan.files)
        files.push_back({{"path", file.path}, {"mode", file.mode}, {"bytes", file.content.size()}});
    json binds = json::array();
    for (const sandbox::Bind& bind : plan.binds)
        binds.push_back({{"source", bind.source},
                         {"destination", bind.destination},
                         {"writable", bind.writable}});
    return {{"name", plan.name},
            {"argv", plan.argv},
            {"environment", plan.environment},
            {"workingDirectory", plan.working_directory},
            {"user", plan.user.empty() ? "0" : plan.user},
            {"hostname", plan.hostname},
            {"seccomp", plan.seccomp_digest},
            {"stepTimeMs", plan.limits.step_time.count()},
            {"files", std::move(files)},
            {"binds", std::move(binds)}};
}

} // namespace

json explain_build(const policies::Policy& policy, const BuildPlan& build)
{
    json object = explain_policy(policy, build.filter, build.plan);
    if (build.i386)
        object["seccompI386"] =
            seccomp_to_json(policy, build.i386->filter, sandbox::Architecture::kI386);
    object["steps"] = json::array();
    for (const Node& node : build.graph.nodes) {
        const auto* run = std::get_if<RunOp>(&node.op);
        if (run == nullptr) continue;
        json step = step_to_json(run->plan);
        step["where"] = node.where;
        step["stage"] = node.stage;
        step["plan"] = attest::Digest::of(plan_document(run->plan)).text();
        object["steps"].push_back(std::move(step));
    }
    object["bases"] = json::object();
    for (const auto& [name, base] : build.bases)
        object["bases"][name] =
            base.manifest.digest.empty() ? json() : json(base.manifest.digest.text());
    return object;
}

json explain_run(const RunPlan& run)
{
    json object = explain_policy(run.policy, run.filter, run.plan);
    object["steps"] = json::array({step_to_json(run.plan)});
    object["root"] = {{"kind", root_word(run.root)}, {"name", run.root_name}};
    return object;
}

} // namespace caisson::runner

#include "policies/canonical.hh"

#include <nlohmann/json.hpp>

namespace caisson::policies {
namespace {

nlohmann::json canonical_arguments(const std::vector<SyscallEntry::Argument>& arguments)
{
    nlohmann::json list = nlohmann::json::array();
    for (const auto& argument : arguments) {
        nlohmann::json test = {
            {"index", argument.index}, {"compare", argument.compare}, {"value", argument.value}};
        if (argument.compare.starts_with('&')) test["mask"] = argument.mask;
        list.push_back(std::move(test));
    }
    return list;
}

nlohmann::json canonical_call(const SyscallEntry& entry)
{
    nlohmann::json call = {{"name", entry.name}, {"action", entry.action}};
    if (entry.action == "errno") call["error"] = entry.error;
    if (!entry.arguments.empty()) call["arguments"] = canonical_arguments(entry.arguments);
    return call;
}

nlohmann::json canonical_calls(const std::vector<SyscallEntry>& entries)
{
    nlohmann::json calls = nlohmann::json::array();
    for (const SyscallEntry& entry : entries)
        calls.push_back(canonical_call(entry));
    return calls;
}

nlohmann::json canonical_groups(const std::vector<SyscallGroup>& groups)
{
    nlohmann::json list = nlohmann::json::array();
    for (const SyscallGroup& group : groups) {
        list.push_back({{"name", group.name},
                        {"calls", canonical_calls(group.calls)},
                        {"i386_calls", canonical_calls(group.i386_calls)}});
    }
    return list;
}

nlohmann::json canonical_answer(const SeccompProfile::Answer& answer)
{
    return {{"action", answer.action}, {"error", answer.error}};
}

nlohmann::json canonical_conditions(const SeccompProfile::Conditions& conditions)
{
    nlohmann::json object = {{"capabilities", conditions.capabilities},
                             {"architectures", conditions.architectures}};
    if (conditions.least_kernel)
        object["least_kernel"] = {conditions.least_kernel->version,
                                  conditions.least_kernel->revision};
    return object;
}

/// The profile as it was written: what it comes to hangs on the host's kernel.
nlohmann::json canonical_seccomp(const PolicySeccomp& seccomp)
{
    nlohmann::json entries = nlohmann::json::array();
    for (const SeccompProfile::Entry& entry : seccomp.profile.entries)
        entries.push_back({{"names", entry.names},
                           {"answer", canonical_answer(entry.answer)},
                           {"arguments", canonical_arguments(entry.arguments)},
                           {"includes", canonical_conditions(entry.includes)},
                           {"excludes", canonical_conditions(entry.excludes)}});
    return {{"otherwise", canonical_answer(seccomp.profile.otherwise)},
            {"entries", std::move(entries)},
            {"covers_i386", seccomp.profile.covers_i386},
            {"accepted", seccomp.accepted}};
}

} // namespace

std::string canonical_json(const Policy& policy)
{
    // nlohmann::json keeps the keys of an object in a std::map: sorted by their bytes
    nlohmann::json document = {
        {"format", kPolicyFormat},
        {"name", policy.name},
        {"limits", canonical_limits(policy.limits)},
        {"capabilities", policy.capabilities},
        {"landlock", policy.landlock},
        {"network", policy.network},
        {"sandbox",
         {{"verify_lowers", policy.sandbox.verify_lowers},
          {"trust_domain", policy.sandbox.trust_domain}}},
        {"base_images", policy.base_images},
        {"plain_http_loopback", policy.plain_http_loopback},
    };
    if (policy.seccomp)
        document["seccomp"] = canonical_seccomp(*policy.seccomp);
    else
        document["syscalls"] = canonical_groups(policy.groups);
    return document.dump();
}

} // namespace caisson::policies

#include "policies/canonical.hh"

#include <nlohmann/json.hpp>

namespace caisson::policies {
namespace {

nlohmann::json canonical_call(const SyscallEntry& entry)
{
    nlohmann::json call = {{"name", entry.name}, {"action", entry.action}};
    if (entry.action == "errno") call["error"] = entry.error;
    for (const auto& argument : entry.arguments) {
        nlohmann::json test = {
            {"index", argument.index}, {"compare", argument.compare}, {"value", argument.value}};
        if (argument.compare == "&==") test["mask"] = argument.mask;
        call["arguments"].push_back(std::move(test));
    }
    return call;
}

nlohmann::json canonical_groups(const std::vector<SyscallGroup>& groups)
{
    nlohmann::json list = nlohmann::json::array();
    for (const SyscallGroup& group : groups) {
        nlohmann::json calls = nlohmann::json::array();
        for (const SyscallEntry& entry : group.calls)
            calls.push_back(canonical_call(entry));
        list.push_back({{"name", group.name}, {"calls", std::move(calls)}});
    }
    return list;
}

} // namespace

std::string canonical_json(const Policy& policy)
{
    // nlohmann::json keeps the keys of an object in a std::map: sorted by their bytes
    const nlohmann::json document = {
        {"format", kPolicyFormat},
        {"name", policy.name},
        {"limits", canonical_limits(policy.limits)},
        {"capabilities", policy.capabilities},
        {"syscalls", canonical_groups(policy.groups)},
        {"landlock", policy.landlock},
        {"network", policy.network},
        {"sandbox",
         {{"verify_lowers", policy.sandbox.verify_lowers},
          {"trust_domain", policy.sandbox.trust_domain}}},
        {"base_images", policy.base_images},
        {"plain_http_loopback", policy.plain_http_loopback},
    };
    return document.dump();
}

} // namespace caisson::policies

#include "runner/job/holders.hh"

#include "runner/job/compile_plan.hh"
#include "sandbox/base/error.hh"
#include "sandbox/find_holders.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

using policies::Enforcement;
using sandbox::Holder;

bool is_held(Holder holder, Enforcement wanted)
{
    return wanted == Enforcement::kKernelRequired ? sandbox::is_kernel(holder)
                                                  : holder != Holder::kNobody;
}

/// What would give this host a holder for the limit.
std::string hint_for(const std::string& limit)
{
    if (limit == "disk_bytes" || limit == "disk_files" || limit == "build_disk_bytes")
        return "no kernel counts what a directory takes: \"required\" is as much as can be asked";
    if (limit == "cpu_seconds")
        return "no kernel counts the time of many processes: \"required\" is as much as can be "
               "asked";
    return "start caisson in a cgroup that is delegated to this user, as by `systemd-run --user "
           "--scope -p Delegate=yes caisson …`; as root any will do";
}

} // namespace

void require_holders(const policies::PolicyLimits& limits, const sandbox::LimitHolders& holders)
{
    std::string missing;
    std::string hint;
    for (const auto& [limit, wanted] : limits.enforce) {
        const auto held = holders.find(limit);
        const Holder holder = held == holders.end() ? Holder::kNobody : held->second;
        if (is_held(holder, wanted)) continue;
        missing += (missing.empty() ? "limits." : ", limits.") + limit;
        missing += holder == Holder::kNobody ? " (held by nobody)" : " (held by a watcher)";
        if (hint.empty()) hint = hint_for(limit);
    }
    if (!missing.empty())
        throw Error(
            ErrorKind::kHost, "this host does not hold, as the policy requires: " + missing, hint);
}

bool filter_shuts_huge_pages(const policies::Policy& policy)
{
    constexpr std::string_view kPermission = "i_accept_huge_pages_beyond_the_limits";
    const bool accepted =
        policy.seccomp &&
        std::find(policy.seccomp->accepted.begin(), policy.seccomp->accepted.end(), kPermission) !=
            policy.seccomp->accepted.end();
    return !accepted && policy.limits.huge_page_bytes == 0;
}

void add_filter(sandbox::LimitHolders& holders)
{
    Holder& holder = holders["huge_page_bytes"];
    if (holder == Holder::kNobody) holder = Holder::kFilter;
}

sandbox::LimitHolders holders_here(const policies::Policy& policy)
{
    const sandbox::Limits limits = limits_of_policy(policy.limits);
    const auto groups = sandbox::BuildGroups::try_make(limits);
    sandbox::LimitHolders holders = sandbox::find_holders(groups.get(), limits, false);
    if (filter_shuts_huge_pages(policy)) add_filter(holders);
    return holders;
}

std::map<std::string, std::string> holder_words(const sandbox::LimitHolders& holders)
{
    std::map<std::string, std::string> words;
    for (const auto& [limit, holder] : holders)
        words.emplace(limit, sandbox::holder_word(holder));
    return words;
}

std::string holder_text(const std::map<std::string, std::string>& words)
{
    std::map<std::string, std::string> by_holder;
    for (const auto& [limit, word] : words) {
        std::string& list = by_holder[word];
        list += (list.empty() ? "" : ", ") + limit;
    }
    std::string text;
    for (const auto& [word, list] : by_holder)
        text += (text.empty() ? "held by " : "; by ") + word + ": " + list;
    return text;
}

} // namespace caisson::runner

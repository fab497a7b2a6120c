#include "policies/narrow.hh"

#include "policies/canonical.hh"
#include "sandbox/base/error.hh"

#include <string_view>

namespace caisson::policies {
namespace {

std::uint64_t amount(std::uint64_t value)
{
    return value;
}

std::int64_t amount(std::chrono::seconds value)
{
    return value.count();
}

/// Lowers `limit` to what is asked, or adds the reason why not to `refused`.
template<class Amount>
void lower(Amount& limit,
           const std::optional<Amount>& asked,
           std::string_view what,
           std::string& refused)
{
    if (!asked) return;
    if (*asked >= Amount{1} && *asked <= limit) {
        limit = *asked;
        return;
    }
    refused += (refused.empty() ? "" : "; ") + std::string(what) + ": " +
               std::to_string(amount(*asked)) + " asked, 1 to " + std::to_string(amount(limit)) +
               " allowed";
}

} // namespace

Policy narrow(Policy policy, const Narrowing& request)
{
    if (request == Narrowing{}) return policy; // every build: its canonical form is made already
    std::string refused;
    lower(policy.limits.step_time, request.step_time, "seconds a step", refused);
    lower(policy.limits.build_time, request.build_time, "seconds a build", refused);
    lower(policy.limits.cpu_time, request.cpu_time, "CPU seconds a step", refused);
    lower(policy.limits.processes, request.processes, "processes a step", refused);
    lower(policy.limits.memory_bytes, request.memory_bytes, "bytes of memory a step", refused);
    lower(policy.limits.disk_bytes, request.disk_bytes, "bytes of disk a step", refused);
    if (!refused.empty())
        throw Error(ErrorKind::kRefused,
                    "policy \"" + policy.name + "\" refuses the request: " + refused,
                    "a request may only ask for less than the policy gives");
    policy.canonical_json = canonical_json(policy);
    return policy;
}

} // namespace caisson::policies
